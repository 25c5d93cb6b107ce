// The sound of alerts that nobody has claimed, on every page of who looks after the shop: on, unless they turned it off.
"use strict";
window.shop.alarm = (() => {
  const KEY = "alert-sound", EVERY = 2000; // ms
  let audio = null;
  let ringing = null;
  let told = () => {};

  const isOn = () => audio?.state === "running";

  function beep() {
    if (!isOn()) return;
    for (const [at, pitch] of [[0, 880], [0.18, 660], [0.36, 880]]) {
      const tone = audio.createOscillator(), volume = audio.createGain();
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.25, audio.currentTime + at);
      volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + 0.16);
      tone.connect(volume).connect(audio.destination);
      tone.start(audio.currentTime + at);
      tone.stop(audio.currentTime + at + 0.17);
    }
  }

  function listen() {
    audio ??= new AudioContext();
    audio.onstatechange = () => told(isOn());
  }

  // Browsers ask for a touch before they make a sound: any will do, but the one that turns it on or off.
  const wanted = () => localStorage.getItem(KEY) !== "off";
  function touched(event) { if (wanted() && !event.target.closest?.("#sound")) { listen(); audio.resume(); } }
  if (wanted()) { listen(); audio.resume(); }
  for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, touched, { once: true });

  return {
    ring(count) {
      if (count && !ringing) { beep(); ringing = setInterval(beep, EVERY); }
      if (!count && ringing) { clearInterval(ringing); ringing = null; }
    },
    async turn(on) {
      localStorage.setItem(KEY, on ? "on" : "off");
      listen();
      if (on) { await audio.resume(); beep(); } else await audio.suspend();
    },
    onState(callback) { told = callback; callback(isOn()); },
  };
})();

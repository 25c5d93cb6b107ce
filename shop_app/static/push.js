// Shows notifications on this browser while no page of the shop is open. The button appears where the browser can do it.
"use strict";
(async () => {
  const button = document.getElementById("push");
  if (!("PushManager" in window) || !("serviceWorker" in navigator) || !window.isSecureContext) return;
  const { pushManager } = await navigator.serviceWorker.ready;
  const tell = (subscription, greet) => window.shop.send("/notifications/push", { ...subscription.toJSON(), greet });
  const show = (subscription) => { button.setAttribute("aria-pressed", String(Boolean(subscription))); };

  async function turn() {
    const subscription = await pushManager.getSubscription();
    if (subscription) {
      await window.shop.send("/notifications/push/end", { endpoint: subscription.endpoint });
      await subscription.unsubscribe();
      return null;
    }
    if (await Notification.requestPermission() !== "granted") throw new Error(button.dataset.blocked);
    const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: button.dataset.key });
    await tell(made, true);
    return made;
  }

  button.addEventListener("click", async () => {
    button.disabled = true;
    try { show(await turn()); } catch (problem) { window.alert(problem.problem ? problem.message : button.dataset.blocked); } finally { button.disabled = false; }
  });
  const before = await pushManager.getSubscription();
  // Turned on at an earlier sign-in, it ended with that one.
  show(before && await tell(before, false).then(() => true, () => false));
  button.hidden = false;
})();

"""Muon: momentum whose steps are made orthogonal, for the kernels of convolutions.

Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks". It reaches the accuracy
of AdamW in clearly fewer epochs, which is what counts on a CPU.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):  # type: ignore[misc]  # torch is not followed
    """For kernels of height x width x in x out, as Keras keeps them."""

    def __init__(
        self, kernels: Iterable[torch.Tensor], lr: float, *, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(kernels, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    def step(self, closure: None = None) -> None:
        """One step along the orthogonalised momentum (Nesterov)."""
        with torch.no_grad():
            for group in self.param_groups:
                for kernel in group["params"]:
                    self._move(kernel, **{name: group[name] for name in ("lr", "momentum", "weight_decay")})

    def _move(self, kernel: torch.Tensor, lr: float, momentum: float, weight_decay: float) -> None:
        state = self.state[kernel]
        if not state:
            state["momentum"] = torch.zeros_like(kernel)
        state["momentum"].lerp_(kernel.grad, 1 - momentum)
        direction = kernel.grad.lerp(state["momentum"], momentum).flatten(0, 2)
        stretch = max(1, direction.shape[1] / direction.shape[0]) ** 0.5
        kernel.mul_(1 - lr * weight_decay)
        kernel.add_(orthogonal(direction).view_as(kernel), alpha=-lr * stretch)


def orthogonal(matrix: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """The nearest matrix with singular values near 1, by a quintic Newton-Schulz iteration in bfloat16."""
    a, b, c = _NEWTON_SCHULZ
    is_tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if is_tall else matrix
    x = (x / (x.norm() + 1e-7)).bfloat16()
    for _ in range(steps):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return (x.T if is_tall else x).to(matrix.dtype)

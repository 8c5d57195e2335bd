"""What architectures of the zoo are made of, where PyTorch has no such module."""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

Layers = OrderedDict[str, nn.Module]


def sequence(**layers: nn.Module) -> nn.Sequential:
    """Named layers, one after the other."""
    return nn.Sequential(OrderedDict(layers))


def normalised(c: int, nodes: int, stride: int, **after: nn.Module) -> nn.Sequential:
    """A 3 x 3 convolution `conv` that keeps the size but for its stride, normalisation `bn`, and what comes after."""
    conv = nn.Conv2d(c, nodes, 3, stride, padding=1, bias=False)
    return sequence(conv=conv, bn=nn.BatchNorm2d(nodes), **after)


class Classifier(nn.Module):
    """Layers one after the other, from `in` to `out`; gives the logits, and passes their softmax through `out`.

    `in` is the image as it comes. What leaves `out` are the probabilities; they are there to be read.

    Args:
        hidden: What lies between the image and the logits.
        d: Neurons that enter the logits.
        classes: Number of logits.
    """

    def __init__(self, hidden: Layers, d: int, classes: int) -> None:
        super().__init__()
        ends = {"logits": nn.Linear(d, classes), "out": nn.Softmax(-1)}
        for name, layer in {"in": nn.Identity(), **hidden, **ends}.items():
            self.add_module(name, layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (samples, classes) of images (samples, C, H, W)."""
        *layers, out = self._modules.values()
        for layer in layers:
            x = layer(x)
        out(x)
        return x

    def chain(self) -> nn.Sequential:
        """The same layers up to the logits, which a lens can cut where it likes."""
        return sequence(**{name: layer for name, layer in self._modules.items() if name != "out"})


class Shortcut(nn.Module):
    """Carries what enters a block past it: every stride-th pixel, and zeros for the channels that the block adds."""

    def __init__(self, stride: int, added: int) -> None:
        super().__init__()
        self.stride, self.added = stride, added

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (samples, C + added, H / stride, W / stride) of maps (samples, C, H, W)."""
        return F.pad(x[..., :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))


class Residual(nn.Module):
    """Two normalised 3 x 3 convolutions bncv1 and bncv2 beside a shortcut; `res` is the ReLU of their sum."""

    def __init__(self, c: int, nodes: int, stride: int) -> None:
        super().__init__()
        self.bncv1, self.relu1 = normalised(c, nodes, stride), nn.ReLU()
        self.bncv2 = normalised(nodes, nodes, 1)
        self.shortcut, self.res = Shortcut(stride, nodes - c), nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (samples, nodes, H / stride, W / stride) of maps (samples, c, H, W)."""
        return self.res(self.bncv2(self.relu1(self.bncv1(x))) + self.shortcut(x))


class LanguageModel(nn.Module):
    """Long short-term memory over tokens: embedding, lstm1, lstm2, ..., logits, each a place of its own.

    Initialisation: embedding from N(0, 1), input weights from N(0, (2 / sqrt(inputs))^2), recurrent weights orthogonal
    gate by gate, biases zero. With PyTorch's own, three layers stay for long at the frequencies of the words.

    Args:
        vocabulary: Tokens there are.
        embedding: Neurons of the embedding.
        hidden: Neurons of each layer.
        layers: Recurrent layers.
        dropout: Share of the neurons that is left out before every layer, in training.
    """

    def __init__(self, vocabulary: int, embedding: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        for i in range(1, layers + 1):
            self.add_module(f"drop{i}", nn.Dropout(dropout))
            self.add_module(f"lstm{i}", nn.LSTM(embedding if i == 1 else hidden, hidden, batch_first=True))
        self.drop, self.logits = nn.Dropout(dropout), nn.Linear(hidden, vocabulary)
        self.layers = layers
        self._initialise()

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits (samples, length, vocabulary) of what follows each of the tokens (samples, length)."""
        x = self.embedding(tokens)
        for i in range(1, self.layers + 1):
            x, _ = self.get_submodule(f"lstm{i}")(self.get_submodule(f"drop{i}")(x))
        return self.logits(self.drop(x))

    def _initialise(self) -> None:
        for name, p in self.named_parameters():
            if "bias" in name:
                nn.init.zeros_(p)
            elif "weight_ih" in name:
                nn.init.normal_(p, std=2 / p.shape[1] ** 0.5)
            elif "weight_hh" in name:
                for gate in p.detach().chunk(4):
                    nn.init.orthogonal_(gate)

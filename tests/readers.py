"""Small networks of the kinds that readers bring, with batches for them, and what must not change under a lens."""

import copy
from collections import OrderedDict

import torch
from torch import nn

CLASSES = 5


class Residual(nn.Module):
    """Two convolutions with batch normalisation and a branch around them; one ReLU is called twice, in place."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x
        return self.relu(out)


class Residuals(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, stride=2)
        self.blocks = nn.Sequential(Residual(6), Residual(6))
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(6, CLASSES)

    def forward(self, x):
        return self.fc(self.drop(self.blocks(self.stem(x)).mean((2, 3))))


class Recurrent(nn.Module):
    """An LSTM whose last step is classified."""

    def __init__(self, tokens=None, **options):
        super().__init__()
        self.embedding = nn.Embedding(tokens, 7) if tokens else nn.Identity()
        self.lstm = nn.LSTM(7, 6, batch_first=True, **options)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(6, CLASSES)

    def forward(self, x):
        out, _ = self.lstm(self.embedding(x))
        return self.fc(self.drop(out[:, -1]))


class Attention(nn.Module):
    """Attention between tokens with a branch around it; returns a mapping with logits."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, dropout=0.5, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(8, 12), nn.GELU(), nn.Linear(12, 8))
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x):
        normal = self.norm(x)
        x = x + self.attention(normal, normal, normal, need_weights=False)[0]
        x = x + self.mlp(x)
        return {"logits": self.fc(x.mean(1)), "tokens": x}


def perceptron():
    relu = nn.ReLU()  # one object that stands twice
    layers = {"flatten": nn.Flatten(), "fc1": nn.Linear(48, 9), "relu1": relu, "drop": nn.Dropout(0.5)}
    layers |= {"fc2": nn.Linear(9, 8), "relu2": relu, "fc3": nn.Linear(8, CLASSES)}
    return nn.Sequential(OrderedDict(layers))


def convolutions():
    """Nested, with batch normalisation, groups, dilation, circular padding, "same" and in-place layers."""
    features = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, padding_mode="circular"),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.Conv2d(8, 12, 3, groups=4, dilation=2, padding="same", padding_mode="reflect"),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
    )
    return nn.Sequential(features, nn.Flatten(), nn.Dropout(0.5), nn.Linear(48, CLASSES))


def images(generator, samples):
    return torch.randn(samples, 3, 4, 4, generator=generator)


def larger_images(generator, samples):
    return torch.randn(samples, 3, 9, 9, generator=generator)


def sequences(generator, samples):
    return torch.randn(samples, 4, 7, generator=generator)


def tokens(generator, samples):
    return torch.randint(11, (samples, 4), generator=generator)


def vectors(generator, samples):
    return torch.randn(samples, 3, 8, generator=generator)


NETWORKS = {
    "perceptron": (perceptron, images),
    "convolutions": (convolutions, images),
    "residual": (Residuals, larger_images),
    "recurrent": (Recurrent, sequences),
    "tokens": (lambda: Recurrent(tokens=11, num_layers=2, bidirectional=False), tokens),
    "attention": (Attention, vectors),
}


def network_and_batches(kind, samples=40):
    """A network in training mode (but for one module) with statistics of its own, and two batches."""
    build, inputs = NETWORKS[kind]
    generator = torch.Generator().manual_seed(3)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = build()
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2)
                module.weight.data.uniform_(0.5, 2)
    network.train()
    next(iter(network.modules())).training = True
    list(network.modules())[-1].eval()  # modes that differ from module to module must come back as they were
    x, y = inputs(generator, samples), torch.randint(CLASSES, (samples,), generator=generator)
    next(network.parameters()).grad = torch.ones_like(next(network.parameters()))
    return network, [(x[:25], y[:25]), (x[25:], y[25:])]


def in_evaluation(network):
    """A copy to compute with in a test."""
    return copy.deepcopy(network).eval()


def scores_of(outputs):
    return outputs["logits"] if isinstance(outputs, dict) else outputs


def right_answers(network, batches):
    with torch.no_grad():
        return sum(int((scores_of(network(x)).argmax(-1) == y).sum()) for x, y in batches)


def facts(network, batches):
    """Everything that a lens must leave as it was, as comparable values."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    tensors = {**network.state_dict(), **{f"x{i}": x for i, (x, _) in enumerate(batches)}, "rng": torch.get_rng_state()}
    gradients = {name: None if p.grad is None else p.grad.tolist() for name, p in network.named_parameters()}
    return {
        "tensors": {name: t.tolist() for name, t in tensors.items()},
        "objects": {name: id(t) for name, t in [*network.named_parameters(), *network.named_buffers()]},
        "cached": [[id(w) for w in m._flat_weights] for m in network.modules() if isinstance(m, nn.RNNBase)],
        "modes": [module.training for module in network.modules()],
        "gradients": gradients,
        "needed": [p.requires_grad for p in network.parameters()],
        "hooks": [len(getattr(module, kind)) for module in network.modules() for kind in hooks],
    }

"""The networks of the benchmark in PyTorch, with data of their size."""

import torch
import torch.nn.functional as F
from torch import nn

WIDTHS = {
    "W1": [2, 100, 100, 2],
    "W2": [2, 250, 250, 250, 250, 2],
    "W3": [784, 500, 10],
}


def mlp(widths):
    layers = []
    for before, after in zip(widths, widths[1:]):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Block(nn.Module):
    """Two convolutions around a shortcut that drops every other pixel and pads channels with zeros."""

    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.padding = (channels - channels_in) // 2

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if self.padding:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.padding, self.padding))
        return F.relu(x + y)


class ResNet20(nn.Module):
    """He et al. 2015, for 32×32 pixels."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        blocks, channels_in = [], 16
        for channels in (16, 32, 64):
            for number in range(3):
                stride = 2 if number == 0 and channels > 16 else 1
                blocks.append(Block(channels_in, channels, stride))
                channels_in = channels
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


def workload(name, vanishing=False):
    """A model in eval mode, its inputs and its targets."""
    torch.manual_seed(0)
    if name == "W4":
        model, x, classes = ResNet20(), torch.randn(128, 3, 32, 32), 10
        with torch.no_grad():
            for _ in range(3):
                model(x)
    else:
        widths = WIDTHS[name]
        model, x, classes = mlp(widths), torch.randn(1000, widths[0]), widths[-1]
    if vanishing:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter *= 1e-20
    return model.eval(), x, torch.randint(0, classes, (len(x),))


def directions(model, count=2):
    """Random directions, normalised filter by filter (Li et al. 2018)."""
    found = []
    for _ in range(count):
        direction = []
        for parameter in model.parameters():
            d = torch.randn_like(parameter)
            rows, like = d.reshape(len(d), -1), parameter.detach().reshape(len(d), -1)
            scale = like.norm(dim=1, keepdim=True) / (rows.norm(dim=1, keepdim=True) + 1e-10)
            direction.append((rows * scale).reshape(parameter.shape))
        found.append(direction)
    return found

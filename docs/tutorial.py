"""From a network of torchvision's to a page, in ten lines.

Run it in an empty folder, `python tutorial.py`, and open lens/index.html. Weights and pictures are random here, so that
nothing is fetched: put your own in their places. A test runs this file as it stands.
"""

import torch
import torchvision

import netspectra

torch.manual_seed(0)
model = torchvision.models.resnet18(num_classes=10)
pictures, labels = torch.randn(120, 3, 32, 32), torch.randint(10, (120,))
batches = list(zip(pictures.split(40), labels.split(40), strict=True))  # a DataLoader does as well

view = netspectra.lens(model, batches, layers=["conv1", "fc"], lenses=["alignment", "spectra", "attack"])

print(view.table.groupby(["lens", "layer"]).size())
print(view.skipped)
view.save("lens")
view.page("lens/index.html")

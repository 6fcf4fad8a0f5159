"""The demo data: two years of a customer account that does not exist, the same for everyone.

It takes the way of real data: objects in the shapes of the sources, their parsers, their saves.
"""

from core.demo.build import DEMO_ACCOUNT, DemoBuilt, build_demo, is_current
from core.demo.world import SIZES

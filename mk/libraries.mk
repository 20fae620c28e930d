# SPDX-License-Identifier: Apache-2.0
# Third-party sources compiled into the image and the hosted library. mk/deps.mk says where they are.
LIBRARY_INCLUDES :=
LIBRARY_STAMPS :=
HOSTED_LIBRARY_OBJECTS :=
GENERATED :=

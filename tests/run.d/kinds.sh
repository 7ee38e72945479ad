# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # shared with tests/run
# The kinds of VMs: what a line "# vm: KIND" in a test stands for, as options of tools/vm. Each kind is a boot for each kernel,
# so suites that do not mind each other's options share one. Sourced by tests/run.

declare -A kind_options
poison='--append slub_debug=FZPU,kmalloc-* --append page_poison=1'

# What most suites run on: the lab, nothing else.
kind_options[plain]=''
# Every mapping for DMA is bounced, and an IDE disk is read by the CPU, word by word.
kind_options[bounce]='--append swiotlb=force --append libata.dma=0
	--qemu -drive --qemu if=none,id=pio,driver=null-co,size=8M,read-zeroes=on --device ide-hd,drive=pio'
# Freed memory is poisoned and the kernel knows who allocated what, in the caches that the module takes from; and a device
# that is a DMA engine, if its driver is loaded.
kind_options[poison]="$poison --device edu,dma_mask=0xffffffff"
# The same behind an IOMMU, which translates: the device's mask can be its usual 28 bits.
kind_options[iommu]="$poison --iommu --device edu"
# Two NUMA nodes, an IDE disk that does DMA or not, as libata is loaded, and cards of old and new kinds,
# if their drivers are.
kind_options[numa]='--qemu -object --qemu memory-backend-ram,id=node0,size=1G
	--qemu -object --qemu memory-backend-ram,id=node1,size=1G
	--qemu -numa --qemu node,nodeid=0,cpus=0-1,memdev=node0 --qemu -numa --qemu node,nodeid=1,memdev=node1
	--qemu -blockdev --qemu driver=null-co,node-name=ide,size=8388608,read-zeroes=on --device ide-hd,drive=ide
	--qemu -netdev --qemu hubport,id=v0,hubid=1 --device virtio-net-pci,netdev=v0,mac=52:54:00:00:00:03
	--qemu -netdev --qemu hubport,id=v1,hubid=1 --device virtio-net-pci,netdev=v1,mac=52:54:00:00:00:04
	--qemu -netdev --qemu hubport,id=v2,hubid=2 --device i82557b,netdev=v2,mac=52:54:00:00:00:05
	--qemu -netdev --qemu hubport,id=v3,hubid=2 --device ne2k_pci,netdev=v3,mac=52:54:00:00:00:06'
# As Secure Boot leaves a machine: no unsigned module. It cannot be taken back.
kind_options[lockdown]='--append lockdown=integrity'
# PID 1 is systemd.
kind_options[systemd]='--systemd'

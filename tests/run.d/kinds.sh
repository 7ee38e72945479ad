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
# Two NUMA nodes, and an IDE disk that does DMA or not, as libata is loaded.
kind_options[numa]='--qemu -object --qemu memory-backend-ram,id=node0,size=1G
	--qemu -object --qemu memory-backend-ram,id=node1,size=1G
	--qemu -numa --qemu node,nodeid=0,cpus=0-1,memdev=node0 --qemu -numa --qemu node,nodeid=1,memdev=node1
	--qemu -blockdev --qemu driver=null-co,node-name=ide,size=8388608,read-zeroes=on --device ide-hd,drive=ide'
# As Secure Boot leaves a machine: no unsigned module. It cannot be taken back.
kind_options[lockdown]='--append lockdown=integrity'
# PID 1 is systemd.
kind_options[systemd]='--systemd'

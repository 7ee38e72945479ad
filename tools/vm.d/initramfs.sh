# shellcheck shell=bash disable=SC2154,SC2034 # shared with tools/vm
# SPDX-License-Identifier: Apache-2.0
#
# Packs the initramfs: busybox, the few modules a 9p root needs, guest/init and
# guest/probe. Everything else the guest takes from the root it then mounts.

initramfs_modules=(virtio_pci 9pnet_virtio 9p overlay)

# unpack_module FILE.ko[.xz|.zst]: the plain module; busybox insmod wants that.
unpack_module() {
	case $1 in
	*.xz) xz -dc "$1" ;;
	*.zst) zstd -dcq "$1" ;;
	*) cat "$1" ;;
	esac
}

# build_initramfs KERNEL-TREE IMAGE SCRATCH-DIR
build_initramfs() {
	local tree=$1 image=$2 root=$3 release module order=100
	release=$(<"$tree/release")
	mkdir -p "$root"/{bin,modules,host,rw,new}
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$here/vm.d/guest/"{init,probe} "$root/"
	# modprobe knows the order; the number keeps it for a shell's glob.
	while read -r module; do
		unpack_module "$module" >"$root/modules/$order.ko"
		: $((order++))
	done < <(modprobe -C /dev/null -d "$tree" -S "$release" --show-depends \
		-a "${initramfs_modules[@]}" | awk '$1 == "insmod" && !seen[$2]++ { print $2 }')
	((order > 100)) || die "no modules for $release in $tree; remove that folder and fetch again"
	(cd "$root" && find . | cpio -o -H newc --quiet) >"$image"
}

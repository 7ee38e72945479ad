# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Turns a bzImage into the ELF kernel inside it, whose .BTF section bpftool
# can read. Knows the x86 boot protocol's setup header and nothing else
# (kernel: Documentation/arch/x86/boot.rst).

# number FILE OFFSET BYTES: a little-endian field of the setup header.
number() { od -An -v -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '; }

# extract_vmlinux BZIMAGE ELF
extract_vmlinux() {
	local image=$1 elf=$2 setup offset length magic unpack
	setup=$(((1 + $(number "$image" 0x1f1 1)) * 512))  # setup_sects
	offset=$((setup + $(number "$image" 0x248 4)))     # payload_offset
	# payload_length; the last four bytes are the unpacked size (part of the
	# gzip format, appended by the kernel's build to the others).
	length=$(number "$image" 0x24c 4)
	magic=$(od -An -v -t x1 -j "$offset" -N 4 "$image" | tr -d ' ')
	case $magic in
	1f8b*) unpack='gzip -dc' ;;
	fd377a58) unpack='xz -dc' length=$((length - 4)) ;;
	28b52ffd) unpack='zstd -dcq' length=$((length - 4)) ;;
	02214c18) unpack='lz4 -dc' length=$((length - 4)) ;;
	*) die "$image: payload starts with $magic, no compression known here" ;;
	esac
	dd if="$image" bs=1M iflag=skip_bytes,count_bytes skip="$offset" count="$length" status=none |
		$unpack >"$elf" ||
		die "$image: ${unpack%% *} could not unpack the kernel in it"
	[[ $(head -c 4 "$elf") == $'\x7fELF' ]] ||
		die "$image: what is packed in it is not an ELF file"
}

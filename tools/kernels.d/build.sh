# shellcheck shell=bash disable=SC2154 # shared with tools/kernels
# SPDX-License-Identifier: Apache-2.0
#
# Makes a kernel out of Debian's source of it, by a configuration of ours (debug.config), and a cache entry like that of
# a downloaded one. Knows how a kernel is configured, built and taken apart; must not know suites or how apt is asked.
#
# What a build needs beside a compiler is in tools/packages.txt, group "kernel".

build_programs=(gcc make flex bison bc pahole xz strip)

# check_programs: before 140 MB are downloaded.
check_programs() {
	local program
	for program in "${build_programs[@]}"; do
		command -v "$program" >/dev/null || die "no $program on this machine: tools/install-packages build kernel"
	done
}

# unpack_source PACKAGES VERSION SOURCE: a rename makes the tree whole.
unpack_source() {
	local archive=$1/usr/src/linux-source-$2.tar.xz
	[[ -r $archive ]] || die "linux-source-$2 holds no $archive; see unpack_source"
	rm -rf "$3.new"
	mkdir -p "$3.new"
	tar -xJf "$archive" -C "$3.new" --strip-components=1
	mv "$3.new" "$3"
}

# not_configured FRAGMENT CONFIG: one line for each option that did not come out as asked for.
not_configured() {
	local line name
	while IFS= read -r line; do
		[[ $line == CONFIG_* ]] || continue
		name=${line%%=*}
		if [[ $line == *=n ]]; then
			! grep -q "^$name=" "$2" || echo "$line, but $(grep "^$name=" "$2")"
		else
			grep -qxF "$line" "$2" || echo "$line, but $(grep -E "^(# )?${name}[= ]" "$2" || echo 'there is no such option here')"
		fi
	done <"$1"
}

# configure SOURCE FRAGMENT LOG
configure() {
	local wrong
	make -C "$1" KCONFIG_ALLCONFIG="$2" allnoconfig >"$3" 2>&1 || die "cannot configure: $(tail -n 1 "$3") ($3)"
	wrong=$(not_configured "$2" "$1/.config")
	[[ ! $wrong ]] || die "$(basename "$2") asks for what did not come: ${wrong//$'\n'/; }"
}

# compile SOURCE LOG: twenty minutes on two processors; goes on where an earlier one was interrupted.
compile() {
	nice -n 5 make -C "$1" -j"$(nproc)" bzImage modules >"$2" 2>&1 ||
		die "the build failed: $(grep -m1 -E '(error|Error|\*\*\*)' "$2" || tail -n 1 "$2") ($2)"
}

# build_headers SOURCE HEADERS: what a module is built with (kernel: scripts/package/builddeb, deploy_kernel_headers).
build_headers() {
	mkdir -p "$2"
	(
		cd "$1" || exit
		{
			find . arch/x86 -maxdepth 1 -name 'Makefile*'
			find include scripts -type f -o -type l
			find arch/x86 -name Kbuild.platforms -o -name Platform
			find arch/x86 -type d \( -name include -o -name scripts \) -exec find {} -type f \;
			printf '%s\n' .config Module.symvers tools/objtool/objtool
		} | sort -u | tar -cf - -T -
	) | tar -xf - -C "$2"
}

# arrange_built SOURCE ENTRY FRAGMENT: a cache entry, as arrange() makes it of packages. With the fragment that it was
# made by: another one is another kernel.
arrange_built() {
	local source=$1 entry=$2 release file
	release=$(make -s -C "$source" kernelrelease)
	mkdir -p "$entry/boot"
	make -s -C "$source" INSTALL_MOD_PATH="$(readlink -f "$entry")" INSTALL_MOD_STRIP=1 modules_install >/dev/null
	rm -f "$entry/lib/modules/$release"/{build,source}
	cp "$source/arch/x86/boot/bzImage" "$entry/boot/vmlinuz-$release"
	strip -g -o "$entry/vmlinux" "$source/vmlinux"
	build_headers "$source" "$entry/headers"
	for file in "${source_files[@]}"; do install -D -m 644 "$source/$file" "$entry/source/$file"; done
	cp "$3" "$entry/config"
	echo "$release" >"$entry/release"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for capdump. The options come from --help, so that they are
# those of the binary that is installed.

_capdump_options()
{
	# "  -d LEVELS  ..." and "  -h, --help  ...": words up to the first
	# two spaces; options that are not implemented follow on lines that
	# hold commas after words
	"$1" --help 2>/dev/null | sed -n '
		/not implemented yet:$/q
		s/^  \(-[A-Za-z]\), \(--[a-z0-9-]*\).*/\1\n\2/p
		t
		s/^  \(-\{1,2\}[A-Za-z][a-z0-9-]*\).*/\1/p'
}

_capdump()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local words=

	COMPREPLY=()
	case $prev in
	--order)
		words="value address" ;;
	--triage)
		words="yes no" ;;
	--time)
		words="crash" ;;
	-d)
		words="0 1 2 4 8 16 31" ;;
	--arch)
		words="x86_64 arm64 riscv64 loongarch64 s390x ppc64" ;;
	--kernel)
		words="5.10 6.1 6.6 6.12 7.2 7.3 series" ;;
	--encryption)
		words="none sme guest" ;;
	--machine-root)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return ;;
	--cmdline | -L | --level | --memory | --num-threads | --message-level | --progress-fd | --cpus | --files | --s3-endpoint | --s3-region | --limit-rate | --retry-time | --stall-time)
		return ;;
	--also | --fallback | --report | --iomem | -x | -i | -g | --device-tree | --vmcore | --cacert | --credentials | --netrc-file | --ssh-key | --known-hosts)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	esac
	if [[ -z $words && $cur == -* ]]; then
		words=$(_capdump_options "${COMP_WORDS[0]}")
	elif [[ -z $words && $COMP_CWORD -eq 1 ]]; then
		words="info dmesg verify diff repair rearrange reservation estimate check mem-usage triage"
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	case $prev in
	--order | --triage | --time | -d | --arch | --kernel | --encryption)
		return ;;
	esac
	if [[ $cur != -* ]]; then
		local files
		mapfile -t files < <(compgen -f -- "$cur")
		COMPREPLY+=("${files[@]}")
	fi
}

complete -o filenames -F _capdump capdump

package cloudformation

import (
	"fmt"
	"math/big"
	"net/netip"
	"strconv"
)

// maxRanges limits the number of ranges that Fn::Cidr returns, as in CloudFormation.
const maxRanges = 256

// cidr resolves Fn::Cidr, which divides a range of IP addresses into smaller ranges.
func (r *Resolver) cidr(argument any) (any, error) {
	const expected = "a range of IP addresses, the number of ranges and their host bits"
	parts, ok := argument.([]any)
	if !ok || len(parts) != 3 {
		return nil, fmt.Errorf("the argument must be %s, got %s", expected, describe(argument))
	}
	texts, err := r.resolveEachString(parts)
	if err != nil {
		return nil, err
	}
	ranges, ok := divide(texts[0], texts[1], texts[2])
	switch {
	case !ok && r.isPlaceholder(parts[0]):
		return []any{texts[0]}, nil
	case !ok:
		return nil, fmt.Errorf("the argument must be %s, got %s", expected, describe(texts))
	}
	return ranges, nil
}

// divide returns the first ranges of a block of IP addresses: countText ranges with 2^bitsText
// addresses each. It returns false if an argument is invalid or the block is too small.
func divide(text, countText, bitsText string) (ranges []any, ok bool) {
	block, err := netip.ParsePrefix(text)
	count, countErr := strconv.Atoi(countText)
	bits, bitsErr := strconv.Atoi(bitsText)
	length := block.Addr().BitLen()
	if err != nil || countErr != nil || bitsErr != nil || count < 1 || count > maxRanges ||
		bits < 1 || bits > length-block.Bits() {
		return nil, false
	}
	size := new(big.Int).Lsh(big.NewInt(1), uint(bits))
	available := new(big.Int).Lsh(big.NewInt(1), uint(length-block.Bits()-bits))
	if available.Cmp(big.NewInt(int64(count))) < 0 {
		return nil, false
	}
	first := new(big.Int).SetBytes(block.Masked().Addr().AsSlice())
	for range count {
		address, _ := netip.AddrFromSlice(first.FillBytes(make([]byte, length/8)))
		ranges = append(ranges, netip.PrefixFrom(address, length-bits).String())
		first.Add(first, size)
	}
	return ranges, true
}

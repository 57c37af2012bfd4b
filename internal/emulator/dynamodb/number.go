package dynamodb

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// DynamoDB's limits on the significant digits and the decimal exponent of a number.
const (
	maxDigits   = 38
	maxExponent = 125
	minExponent = -130
)

var numberPattern = regexp.MustCompile(`^([-+]?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$`)

// canonicalNumber validates a number and returns it in DynamoDB's form: decimal, without an
// exponent and without redundant zeros.
func canonicalNumber(text string) (string, error) {
	match := numberPattern.FindStringSubmatch(text)
	if match == nil || match[2]+match[3] == "" {
		return "", invalidNumber(text)
	}
	whole, digits := match[2], match[2]+match[3]
	exponent := 0
	if match[4] != "" {
		var err error
		if exponent, err = strconv.Atoi(match[4]); err != nil {
			return "", invalidNumber(text)
		}
	}
	// From this line on, the number equals 0.digits × 10^exponent.
	exponent += len(whole)
	significant := strings.TrimLeft(digits, "0")
	exponent -= len(digits) - len(significant)
	significant = strings.TrimRight(significant, "0")
	switch {
	case significant == "":
		return "0", nil
	case len(significant) > maxDigits:
		return "", validationError(
			"Attempting to store more than 38 significant digits in a Number")
	case exponent-1 > maxExponent:
		return "", validationError("Number overflow. Attempting to store a number with " +
			"magnitude larger than supported range")
	case exponent-1 < minExponent:
		return "", validationError("Number underflow. Attempting to store a number with " +
			"magnitude smaller than supported range")
	}
	return formatDecimal(match[1] == "-", significant, exponent), nil
}

func invalidNumber(text string) error {
	return validationError("The parameter cannot be converted to a numeric value: %s", text)
}

// formatDecimal returns the text of the number 0.digits × 10^exponent. If negative is true, the
// text begins with a minus sign.
func formatDecimal(negative bool, digits string, exponent int) string {
	var out strings.Builder
	if negative {
		out.WriteByte('-')
	}
	switch {
	case exponent <= 0:
		out.WriteString("0." + strings.Repeat("0", -exponent) + digits)
	case exponent >= len(digits):
		out.WriteString(digits + strings.Repeat("0", exponent-len(digits)))
	default:
		out.WriteString(digits[:exponent] + "." + digits[exponent:])
	}
	return out.String()
}

// toRational returns the value of a canonical number.
func toRational(number string) *big.Rat {
	r, _ := new(big.Rat).SetString(number) // never fails for a canonical number
	return r
}

// compareNumbers compares two canonical numbers.
func compareNumbers(a, b string) int { return toRational(a).Cmp(toRational(b)) }

// addNumbers returns a+b, or a-b if subtract is set.
func addNumbers(a, b numberValue, subtract bool) (value, error) {
	x, y := toRational(string(a)), toRational(string(b))
	if subtract {
		y.Neg(y)
	}
	sum, err := canonicalNumber(x.Add(x, y).FloatString(max(countDecimals(a), countDecimals(b))))
	return numberValue(sum), err
}

func countDecimals(n numberValue) int {
	_, fraction, _ := strings.Cut(string(n), ".")
	return len(fraction)
}

package dynamodb

import (
	"cmp"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCanonicalNumber_NormalizesAndValidates(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"0", "0"}, {"-0", "0"}, {"0.00", "0"}, {"007", "7"}, {"+7", "7"},
		{"1.50", "1.5"}, {".5", "0.5"}, {"5.", "5"}, {"120", "120"}, {"0.0120", "0.012"},
		{"1e3", "1000"}, {"1.5E-3", "0.0015"}, {"-12.5e1", "-125"},
		{"99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
		{"1e125", "1" + strings.Repeat("0", 125)},
		{"1e-130", "0." + strings.Repeat("0", 129) + "1"},
	} {
		if got, err := canonicalNumber(test.text); err != nil || got != test.want {
			t.Errorf("%s: got %q, %v, want %s", test.text, got, err, test.want)
		}
	}
	for _, text := range []string{
		"", "-", ".", "e5", "1e", "1e1.5", "one", "0x10", "1_000", "NaN", "Infinity", "--1", "1 ",
		"999999999999999999999999999999999999999", "1e126", "1e-131",
	} {
		if got, err := canonicalNumber(text); err == nil {
			t.Errorf("%q: got %s, want an error", text, got)
		}
	}
}

// drawNumber returns the text and the exact value of a random number. The sum of two such numbers
// has at most 37 digits.
func drawNumber(t *rapid.T, name string) (string, *big.Rat) {
	text := rapid.StringMatching(`-?[0-9]{1,12}(\.[0-9]{1,12})?(e-?[0-6])?`).Draw(t, name)
	exact, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("parse number %q", text)
	}
	return text, exact
}

func TestNumbers_RejectASumWithTooManyDigits(t *testing.T) {
	if sum, err := addNumbers("100000000000000000000", "0.0000000000000000001", false); err == nil {
		t.Errorf("a sum with 40 digits must be rejected, got %s", sum)
	}
}

func TestNumbers_MatchExactArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		aText, a := drawNumber(t, "a")
		bText, b := drawNumber(t, "b")
		aNumber, errA := canonicalNumber(aText)
		bNumber, errB := canonicalNumber(bText)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if back, _ := new(big.Rat).SetString(aNumber); back.Cmp(a) != 0 {
			t.Fatalf("canonical form of %s is %s", aText, aNumber)
		}
		if got := cmp.Compare(compareNumbers(aNumber, bNumber), 0); got != a.Cmp(b) {
			t.Fatalf("compare %s with %s: got %d, want %d", aNumber, bNumber, got, a.Cmp(b))
		}
		if (aNumber == bNumber) != (a.Cmp(b) == 0) {
			t.Fatalf("canonical forms of %s and %s are %s and %s", aText, bText, aNumber, bNumber)
		}
		subtract := rapid.Bool().Draw(t, "subtract")
		want := new(big.Rat).Add(a, b)
		if subtract {
			want.Sub(a, b)
		}
		sum, err := addNumbers(numberValue(aNumber), numberValue(bNumber), subtract)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := new(big.Rat).SetString(string(sum.(numberValue))); got.Cmp(want) != 0 {
			t.Fatalf("%s, %s, subtract %v: got %s, want %s",
				aNumber, bNumber, subtract, sum, want.FloatString(20))
		}
	})
}

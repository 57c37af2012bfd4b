package dynamodb

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/truora/minidyn/interpreter/language"
)

// expression represents a parsed expression. It does not contain the placeholders' values, so that
// other requests can reuse it.
type expression struct {
	condition condition // only in a condition, filter or key condition
	update    *update   // only in an update expression
	paths     []path    // only in a projection
	names     []string  // all #placeholders in the expression
	values    []string  // all :placeholders in the expression
}

// parser parses an expression by recursive descent.
type parser struct {
	kind   string // for example ConditionExpression; part of error messages
	tokens []token
	next   int // index of the next token
	out    *expression
	err    error // the first error, or nil
}

// maxExpression limits the length of an expression in bytes, as in DynamoDB. It also limits the
// parser's recursion.
const maxExpression = 4 << 10

// parse parses an expression. kind is the name of the request's parameter and selects the grammar.
func parse(kind, text string) (*expression, error) {
	if strings.TrimSpace(text) == "" {
		return nil, validationError("Invalid %s: The expression can not be empty;", kind)
	}
	if len(text) > maxExpression {
		return nil, validationError("Invalid %s: Expression size has exceeded the maximum allowed "+
			"size; expression size: %d", kind, len(text))
	}
	p := &parser{kind: kind, tokens: tokenize(text), out: &expression{}}
	switch kind {
	case updateExpression:
		p.out.update = p.parseUpdate()
	case projectionExpression:
		p.out.paths = p.parsePaths()
	default:
		p.out.condition = p.parseOr()
	}
	if p.peek().kind != tokenEnd {
		p.failUnexpected()
	}
	return p.out, p.err
}

// fail records the first error. It also skips the remaining tokens, so that every parse function
// stops.
func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = validationError("Invalid "+p.kind+": "+format, args...)
	}
	p.next = len(p.tokens) - 1
}

func (p *parser) failUnexpected() {
	near := p.tokens[max(0, p.next-1):min(len(p.tokens), p.next+2)]
	var words []string
	for _, t := range near {
		words = append(words, t.text)
	}
	p.fail("Syntax error; token: %q, near: %q", p.peek().text, strings.Join(words, " "))
}

func (p *parser) peek() token { return p.tokens[p.next] }

// acceptSymbol consumes the next token if it is the symbol.
func (p *parser) acceptSymbol(text string) bool {
	if t := p.peek(); t.kind != tokenSymbol || t.text != text {
		return false
	}
	p.next++
	return true
}

func (p *parser) expectSymbol(symbol string) {
	if !p.acceptSymbol(symbol) {
		p.failUnexpected()
	}
}

// acceptKeyword consumes the next token if it is the keyword. Keywords are case-insensitive.
func (p *parser) acceptKeyword(word string) bool {
	if t := p.peek(); t.kind != tokenName || !strings.EqualFold(t.text, word) {
		return false
	}
	p.next++
	return true
}

// acceptCall consumes a function's name and "(", and returns the name. If the next tokens are
// different, it consumes nothing and returns false.
func (p *parser) acceptCall(functions ...string) (string, bool) {
	t, following := p.peek(), p.tokens[min(p.next+1, len(p.tokens)-1)]
	if t.kind != tokenName || following.text != "(" || !slices.Contains(functions, t.text) {
		return "", false
	}
	p.next += 2
	return t.text, true
}

// parsePath parses a path such as name.name[0].name.
func (p *parser) parsePath() path {
	steps := path{{name: p.parseName()}}
	for {
		switch {
		case p.acceptSymbol("."):
			steps = append(steps, step{name: p.parseName()})
		case p.acceptSymbol("["):
			index, err := strconv.Atoi(p.peek().text)
			if err != nil {
				p.failUnexpected()
				return steps
			}
			p.next++
			p.expectSymbol("]")
			steps = append(steps, step{index: index, isIndex: true})
		default:
			return steps
		}
	}
}

func (p *parser) parseName() string {
	t := p.peek()
	if t.kind != tokenName {
		p.failUnexpected()
		return ""
	}
	p.next++
	if strings.HasPrefix(t.text, "#") {
		p.out.names = append(p.out.names, t.text)
		return t.text
	}
	if language.IsReservedWord(strings.ToUpper(t.text)) {
		p.fail("Attribute name is a reserved keyword; reserved keyword: %s", t.text)
	}
	return t.text
}

// parseValue parses a :placeholder.
func (p *parser) parseValue() valueOperand {
	t := p.peek()
	if t.kind != tokenValue {
		p.failUnexpected()
		return ""
	}
	p.next++
	p.out.values = append(p.out.values, t.text)
	return valueOperand(t.text)
}

func (p *parser) parsePaths() []path {
	paths := []path{p.parsePath()}
	for p.acceptSymbol(",") {
		paths = append(paths, p.parsePath())
	}
	return paths
}

func (p *parser) parseOr() condition {
	left := p.parseAnd()
	for p.acceptKeyword("OR") {
		left = orCondition{left, p.parseAnd()}
	}
	return left
}

func (p *parser) parseAnd() condition {
	left := p.parseNot()
	for p.acceptKeyword("AND") {
		left = andCondition{left, p.parseNot()}
	}
	return left
}

func (p *parser) parseNot() condition {
	if p.acceptKeyword("NOT") {
		return notCondition{p.parseNot()}
	}
	if p.acceptSymbol("(") {
		inner := p.parseOr()
		p.expectSymbol(")")
		return inner
	}
	return p.parsePredicate()
}

func (p *parser) parsePredicate() condition {
	function, isCall := p.acceptCall(
		"attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains")
	if isCall {
		call := callCondition{function: function, path: p.parsePath()}
		if !strings.HasSuffix(function, "exists") {
			p.expectSymbol(",")
			call.argument = p.parseOperand()
		}
		p.expectSymbol(")")
		return call
	}
	left := p.parseOperand()
	switch {
	case p.acceptKeyword("BETWEEN"):
		low := p.parseOperand()
		if !p.acceptKeyword("AND") {
			p.failUnexpected()
		}
		return betweenCondition{left, low, p.parseOperand()}
	case p.acceptKeyword("IN"):
		p.expectSymbol("(")
		in := inCondition{operand: left, list: []operand{p.parseOperand()}}
		for p.acceptSymbol(",") {
			in.list = append(in.list, p.parseOperand())
		}
		p.expectSymbol(")")
		return in
	}
	operator := p.peek().text
	operators := []string{"=", "<>", "<", "<=", ">", ">="}
	if p.peek().kind != tokenSymbol || !slices.Contains(operators, operator) {
		p.failUnexpected()
		return nil
	}
	p.next++
	return comparison{operator, left, p.parseOperand()}
}

func (p *parser) parseOperand() operand {
	if _, ok := p.acceptCall("size"); ok {
		inner := p.parsePath()
		p.expectSymbol(")")
		return sizeOperand{inner}
	}
	if p.peek().kind == tokenValue {
		return p.parseValue()
	}
	return p.parsePath()
}

// token represents a piece of an expression.
type token struct {
	kind tokenKind
	text string
}

type tokenKind int

const (
	tokenEnd    tokenKind = iota
	tokenValue            // :placeholder
	tokenName             // name or #placeholder
	tokenNumber           // list index
	tokenSymbol           // operator or any other character
)

// tokenPattern matches one token. Group n matches tokens of the kind n: tokenValue, tokenName,
// tokenNumber, tokenSymbol.
var tokenPattern = regexp.MustCompile(`(:\w*)|([A-Za-z_#]\w*)|(\d+)|(<>|<=|>=|[^ \t\r\n])`)

// tokenize splits an expression into tokens.
func tokenize(text string) []token {
	var tokens []token
	for _, match := range tokenPattern.FindAllStringSubmatch(text, -1) {
		for kind := tokenValue; kind <= tokenSymbol; kind++ {
			if match[kind] != "" {
				tokens = append(tokens, token{kind, match[kind]})
			}
		}
	}
	return append(tokens, token{tokenEnd, "<EOF>"})
}

package dynamodb

import (
	"slices"
	"strconv"
	"strings"

	"github.com/truora/minidyn/interpreter/language"
)

// expression is a parsed expression. Its placeholders are still unbound, so that it can be kept for later requests.
type expression struct {
	condition condition // of a condition, filter or key condition
	update    *update   // of an update
	paths     []path    // of a projection
	names     []string  // the #placeholders in it
	values    []string  // the :values in it
}

// parser reads an expression by recursive descent.
type parser struct {
	kind   string // ConditionExpression, …: how errors call it
	tokens []token
	next   int
	out    *expression
	err    error // the first one; nothing more is read after it
}

// parse reads the whole of an expression of one kind.
func parse(kind, text string) (*expression, error) {
	if strings.TrimSpace(text) == "" {
		return nil, validation("Invalid %s: The expression can not be empty;", kind)
	}
	p := &parser{kind: kind, tokens: tokenize(text), out: &expression{}}
	switch kind {
	case updateExpression:
		p.out.update = p.update()
	case projectionExpression:
		p.out.paths = p.list(p.path)
	default:
		p.out.condition = p.or()
	}
	if p.peek().kind != tokenEnd {
		p.unexpected()
	}
	return p.out, p.err
}

// fail keeps the first error and moves to the end, where every rule stops.
func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = validation("Invalid "+p.kind+": "+format, args...)
	}
	p.next = len(p.tokens) - 1
}

func (p *parser) unexpected() {
	near := p.tokens[max(0, p.next-1):min(len(p.tokens), p.next+2)]
	var words []string
	for _, t := range near {
		words = append(words, t.text)
	}
	p.fail("Syntax error; token: %q, near: %q", p.peek().text, strings.Join(words, " "))
}

func (p *parser) peek() token { return p.tokens[p.next] }

// symbol takes the symbol if it is next.
func (p *parser) symbol(text string) bool {
	if t := p.peek(); t.kind != tokenSymbol || t.text != text {
		return false
	}
	p.next++
	return true
}

func (p *parser) expect(symbol string) {
	if !p.symbol(symbol) {
		p.unexpected()
	}
}

// keyword takes the word, in any case, if it is next.
func (p *parser) keyword(word string) bool {
	if t := p.peek(); t.kind != tokenName || !strings.EqualFold(t.text, word) {
		return false
	}
	p.next++
	return true
}

// call takes the name of one of the functions and its opening parenthesis, if they are next.
func (p *parser) call(functions ...string) (string, bool) {
	t, behind := p.peek(), p.tokens[min(p.next+1, len(p.tokens)-1)]
	if t.kind != tokenName || behind.text != "(" {
		return "", false
	}
	if !slices.Contains(functions, t.text) {
		return "", false
	}
	p.next += 2
	return t.text, true
}

// path reads name.name[0].name.
func (p *parser) path() path {
	steps := path{{name: p.name()}}
	for {
		switch {
		case p.symbol("."):
			steps = append(steps, step{name: p.name()})
		case p.symbol("["):
			index, err := strconv.Atoi(p.peek().text)
			if err != nil {
				p.unexpected()
				return steps
			}
			p.next++
			p.expect("]")
			steps = append(steps, step{index: index, isIndex: true})
		default:
			return steps
		}
	}
}

func (p *parser) name() string {
	t := p.peek()
	if t.kind != tokenName {
		p.unexpected()
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

// value reads a :placeholder.
func (p *parser) value() valueOperand {
	t := p.peek()
	if t.kind != tokenValue {
		p.unexpected()
		return ""
	}
	p.next++
	p.out.values = append(p.out.values, t.text)
	return valueOperand(t.text)
}

func (p *parser) list(read func() path) []path {
	paths := []path{read()}
	for p.symbol(",") {
		paths = append(paths, read())
	}
	return paths
}

func (p *parser) or() condition {
	left := p.and()
	for p.keyword("OR") {
		left = orCondition{left, p.and()}
	}
	return left
}

func (p *parser) and() condition {
	left := p.not()
	for p.keyword("AND") {
		left = andCondition{left, p.not()}
	}
	return left
}

func (p *parser) not() condition {
	if p.keyword("NOT") {
		return notCondition{p.not()}
	}
	if p.symbol("(") {
		inner := p.or()
		p.expect(")")
		return inner
	}
	return p.predicate()
}

func (p *parser) predicate() condition {
	if function, ok := p.call("attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"); ok {
		call := callCondition{function: function, path: p.path()}
		if !strings.HasSuffix(function, "exists") {
			p.expect(",")
			call.argument = p.operand()
		}
		p.expect(")")
		return call
	}
	left := p.operand()
	switch {
	case p.keyword("BETWEEN"):
		low := p.operand()
		if !p.keyword("AND") {
			p.unexpected()
		}
		return betweenCondition{left, low, p.operand()}
	case p.keyword("IN"):
		p.expect("(")
		in := inCondition{operand: left, list: []operand{p.operand()}}
		for p.symbol(",") {
			in.list = append(in.list, p.operand())
		}
		p.expect(")")
		return in
	}
	operator := p.peek().text
	if p.peek().kind != tokenSymbol || !slices.Contains([]string{"=", "<>", "<", "<=", ">", ">="}, operator) {
		p.unexpected()
		return nil
	}
	p.next++
	return comparison{operator, left, p.operand()}
}

func (p *parser) operand() operand {
	if _, ok := p.call("size"); ok {
		inner := p.path()
		p.expect(")")
		return sizeOperand{inner}
	}
	if p.peek().kind == tokenValue {
		return p.value()
	}
	return p.path()
}

package dynamodb

// change is one write, worked out before it takes effect, so that a transaction can look at all of its changes first.
type change struct {
	table string
	// key finds the item in the table.
	key func(Table) (key, error)
	// wakeup gives the item to store in place of the old one (nil if there is none), and the paths that it touches;
	// a nil item deletes. A nil next leaves the item alone: only the condition matters.
	next func(definition Table, k key, old Item) (Item, []path, error)

	placeholders       placeholders
	condition          *expression // nil if there is none
	returnOldOnFailure bool        // in the error when the condition does not hold
}

// plannedChange is a change that may take effect: its condition holds.
type plannedChange struct {
	table     *table
	key       key
	old, next Item
	touched   []path
	checkOnly bool
}

// plan checks the condition and works the change out. The caller holds the table's lock.
func (c *change) plan(t *table) (*plannedChange, error) {
	k, err := c.key(t.definition)
	if err != nil {
		return nil, err
	}
	out := &plannedChange{table: t, key: k, old: t.items[k], checkOnly: c.next == nil}
	if c.condition != nil && !c.condition.condition.holds(c.placeholders.scope(out.old)) {
		return nil, conditionFailed(c.returnOldOnFailure, out.old)
	}
	if c.next == nil {
		return out, nil
	}
	if out.next, out.touched, err = c.next(t.definition, k, out.old); err != nil {
		return nil, err
	}
	return out, nil
}

// commit makes the change. The caller still holds the lock under which it was planned.
func (p *plannedChange) commit() error {
	switch {
	case p.checkOnly:
		return nil
	case p.next == nil:
		return p.table.remove(p.key)
	default:
		return p.table.put(p.key, p.next)
	}
}

// write plans and makes one change.
func (s *Service) write(c *change) (*plannedChange, error) {
	tables, unlock, err := s.lock(map[string]bool{c.table: true})
	if err != nil {
		return nil, err
	}
	defer unlock()
	done, err := c.plan(tables[c.table])
	if err != nil {
		return nil, err
	}
	return done, done.commit()
}

// newPut stores the item whole.
func newPut(table string, item Item) *change {
	return &change{
		table: table,
		key:   func(definition Table) (key, error) { return definition.keyOfItem(item) },
		next: func(Table, key, Item) (Item, []path, error) {
			if itemSize(item) > maxItemSize {
				return nil, nil, validationError("Item size has exceeded the maximum allowed size")
			}
			return item, nil, nil
		},
	}
}

// newDelete takes the item of that key away.
func newDelete(table string, of Item) *change {
	return &change{
		table: table,
		key:   func(definition Table) (key, error) { return definition.keyFromRequest(of) },
		next:  func(Table, key, Item) (Item, []path, error) { return nil, nil, nil },
	}
}

// newConditionCheck changes nothing.
func newConditionCheck(table string, of Item) *change {
	return &change{
		table: table,
		key:   func(definition Table) (key, error) { return definition.keyFromRequest(of) },
	}
}

// newUpdate applies the expression, if any, to the item of that key, which comes into being if it is not there.
func newUpdate(table string, of Item, with *expression, p placeholders) *change {
	c := newConditionCheck(table, of)
	c.next = func(definition Table, k key, old Item) (Item, []path, error) {
		item := old
		if item == nil {
			item = k.attributes(definition)
		}
		if with == nil {
			return item, nil, nil
		}
		item, touched, err := with.update.apply(p.scope(item))
		if err != nil {
			return nil, nil, err
		}
		for _, at := range touched {
			if definition.isKey(at[0].name) {
				return nil, nil, validationError("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", at[0].name)
			}
		}
		if itemSize(item) > maxItemSize {
			return nil, nil, validationError("Item size to update has exceeded the maximum allowed size")
		}
		return item, touched, nil
	}
	return c
}

// returnValues is what a write answers with.
func (p *plannedChange) returnValues(asked string) attributes {
	switch asked {
	case "ALL_OLD":
		return attributes(p.old)
	case "ALL_NEW":
		return attributes(p.next)
	case "UPDATED_OLD":
		return projectTouched(p.old, p.touched)
	case "UPDATED_NEW":
		return projectTouched(p.next, p.touched)
	}
	return nil
}

func projectTouched(item Item, touched []path) attributes {
	if picked := project(item, touched); len(picked) > 0 {
		return attributes(picked)
	}
	return nil
}

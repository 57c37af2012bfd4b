package dynamodb

// change represents one write. plan checks it, and commit applies it. A transaction plans all its
// changes before it commits the first one.
type change struct {
	table string
	// key returns the key of the item in the table.
	key func(Table) (key, error)
	// next returns the new item, or nil to delete the item, and the updated paths. old is nil if
	// the item does not exist. In a condition check, next itself is nil.
	next func(definition Table, k key, old Item) (Item, []path, error)

	required           []member // the request's members for the table and the item or key
	placeholders       placeholders
	condition          *expression // nil if the change is unconditional
	update             *expression // nil if the change has no update expression
	returnOldOnFailure bool        // whether the error of a failed condition contains the old item
}

// bind parses the change's expressions.
func (c *change) bind(in *writeInput) error {
	bound, err := in.bind(
		expressionText{conditionExpression, in.ConditionExpression},
		expressionText{updateExpression, in.UpdateExpression},
	)
	if err != nil {
		return err
	}
	c.placeholders, c.condition, c.update = in.placeholders, bound[0], bound[1]
	c.returnOldOnFailure = in.ReturnValuesOnConditionCheckFailure == "ALL_OLD"
	return nil
}

// location identifies an item by its table and key.
type location struct {
	table *table
	key   key
}

// locate returns the location of the item that a change writes.
func (s *Service) locate(c *change) (location, error) {
	t, err := s.table(c.table)
	if err != nil {
		return location{}, err
	}
	k, err := c.key(t.Table)
	return location{t, k}, err
}

// plannedChange represents a change that plan has checked. The condition is true, and the new item
// is known.
type plannedChange struct {
	location
	old, next Item
	updated   []path
	checkOnly bool
}

// plan checks the condition and computes the new item.
func (c *change) plan(at location) (out *plannedChange, err error) {
	old, err := at.table.item(at.key)
	if err != nil {
		return nil, err
	}
	out = &plannedChange{location: at, old: old, checkOnly: c.next == nil}
	if c.condition != nil && !c.condition.condition.holds(c.placeholders.scope(out.old)) {
		return nil, conditionFailed(c.returnOldOnFailure, out.old)
	}
	if c.next != nil {
		out.next, out.updated, err = c.next(at.table.Table, at.key, out.old)
	}
	return out, err
}

// commit applies planned changes. The caller holds Service.mu from plan to commit, so that all
// conditions stay true.
func commit(plans ...*plannedChange) error {
	for _, p := range plans {
		var err error
		switch {
		case p.checkOnly:
		case p.next == nil:
			err = p.table.remove(p.key, p.old)
		default:
			err = p.table.put(p.key, p.old, p.next)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// newPut returns a change that stores a whole item.
func newPut(table string, item Item) *change {
	return &change{
		table:    table,
		required: []member{requiredTable(table), {"item", item != nil}},
		key:      func(definition Table) (key, error) { return definition.keyOfItem(item) },
		next: func(Table, key, Item) (Item, []path, error) {
			if itemSize(item) > maxItemSize {
				return nil, nil, validationError(
					"Item size has exceeded the maximum allowed size")
			}
			return item, nil, nil
		},
	}
}

// newDelete returns a change that deletes the item with the key.
func newDelete(table string, itemKey Item) *change {
	c := newConditionCheck(table, itemKey)
	c.next = func(Table, key, Item) (Item, []path, error) { return nil, nil, nil }
	return c
}

// newConditionCheck returns a change that only checks its condition.
func newConditionCheck(table string, itemKey Item) *change {
	return &change{
		table:    table,
		required: requiredKey(table, itemKey),
		key: func(definition Table) (key, error) {
			return definition.keyFromRequest(itemKey)
		},
	}
}

// newUpdate returns a change that applies an update expression to the item with the key. It creates
// a missing item. The expression is optional.
func newUpdate(table string, itemKey Item) *change {
	c := newConditionCheck(table, itemKey)
	c.next = func(definition Table, k key, item Item) (Item, []path, error) {
		if item == nil {
			item = k.attributes(definition)
		}
		if c.update == nil {
			return item, nil, nil
		}
		item, updated, err := c.update.update.apply(c.placeholders.scope(item))
		if err != nil {
			return nil, nil, err
		}
		for _, p := range updated {
			if definition.isKey(p[0].name) {
				return nil, nil, validationError("One or more parameter values were invalid: "+
					"Cannot update attribute %s. This attribute is part of the key", p[0].name)
			}
		}
		if itemSize(item) > maxItemSize {
			return nil, nil, validationError(
				"Item size to update has exceeded the maximum allowed size")
		}
		return item, updated, nil
	}
	return c
}

// returnValues returns the attributes that the request's ReturnValues selects.
func (p *plannedChange) returnValues(selected string) attributes {
	switch selected {
	case "ALL_OLD":
		return p.old
	case "ALL_NEW":
		return p.next
	case "UPDATED_OLD":
		return projectUpdated(p.old, p.updated)
	case "UPDATED_NEW":
		return projectUpdated(p.next, p.updated)
	}
	return nil
}

func projectUpdated(item Item, updated []path) attributes {
	if projected := project(item, updated); len(projected) > 0 {
		return projected
	}
	return nil
}

"""The grammar of SQL filters and actions, for lark.

Conditions and values share one ladder of precedence, lowest first: OR, AND, NOT, comparisons,
`+ -`, `* / %`, signs. Which of them may stand where is checked by `building.py`, so that the
refusal can say it in words. A rule's name is the method of the builder that it calls.

Source: Azure Service Bus, "Subscription Rule SQL Filter Syntax" and "Subscription Rule SQL Action
Syntax".
"""

RESERVED = (
    *("AND", "OR", "NOT", "IS", "NULL", "IN", "LIKE", "ESCAPE", "EXISTS", "TRUE", "FALSE"),
    *("SET", "REMOVE"),  # in actions
)

_RULES = r"""
filter: disjunction
action: statement
      | action ","? statement -> further_action
?statement: (set | remove) ";"?
set: SET property EQUALS disjunction
remove: REMOVE property

?disjunction: conjunction (OR conjunction)*
?conjunction: negation (AND negation)*
?negation: NOT negation
         | comparison
?comparison: sum
           | sum (EQUALS | UNEQUAL) sum
           | sum NOT? IN "(" sum ("," sum)* ")" -> membership
           | sum NOT? LIKE sum (ESCAPE sum)? -> likeness
           | sum IS NOT? NULL -> nullness
?sum: product
    | sum SIGN product -> arithmetic
?product: signed
        | product FACTOR signed -> arithmetic
?signed: SIGN signed
       | primary
?primary: constant
        | PARAMETER -> parameter
        | property
        | NAME "(" (disjunction ("," disjunction)*)? ")" -> call
        | EXISTS "(" disjunction ")" -> existence
        | "(" disjunction ")"
constant: NUMBER | TEXT | TRUE | FALSE | NULL
property: (NAME ".")? (NAME | QUOTED | DELIMITED)

EQUALS: "="
UNEQUAL: "<>" | "!=" | ">=" | "<=" | ">" | "<"
SIGN: "+" | "-"
FACTOR: "*" | "/" | "%"
NUMBER: /(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/
TEXT: /'[^']*(?:''[^']*)*'/
QUOTED: /"(?:[^"]|"")+"/
DELIMITED: /\[(?:[^\]]|\]\])+\]/
PARAMETER: /@[^\W\d]\w*/
%ignore /\s+/
"""
# Case does not count in keywords, a name may begin with one, and none is a name by itself.
_TERMINALS = "".join(rf"{word}.2: /{word}\b/i" + "\n" for word in RESERVED)
_NAME = rf"NAME: /(?!(?:{'|'.join(RESERVED)})\b)[^\W\d_]\w*/i" + "\n"

GRAMMAR = _RULES + _TERMINALS + _NAME
STARTS = ("filter", "action")

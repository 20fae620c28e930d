/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translating one Rust file into C that fits this tree. The parts know the C types of what they translate, so that
 * arithmetic keeps Rust's meaning; what has no sure translation ends in port_fail(), and the statement, the field or
 * the item around it becomes a PORT_TODO.
 */
#ifndef ETERNA_PORT_PORT_H
#define ETERNA_PORT_PORT_H

#include <setjmp.h>

#include "syntax.h"
#include "text.h"

enum type_kind {
	TYPE_UNKNOWN,
	TYPE_UNIT,
	TYPE_NEVER,
	TYPE_BOOL,
	TYPE_INT,
	TYPE_POINTER, /* &T, &mut T, *const T, Box<T>; NULL only inside an option */
	TYPE_SLICE,   /* pointer and count */
	TYPE_ARRAY,
	TYPE_STRUCT,   /* and tuples, opaque types */
	TYPE_ENUM,     /* C-like */
	TYPE_SUM,      /* enum with payloads: tag and union */
	TYPE_FLAGS,    /* bitflags!: an integer */
	TYPE_OPTION,   /* of values: a struct; of pointers: a TYPE_POINTER with is_option */
	TYPE_RESULT,   /* err_t, the value through a pointer */
	TYPE_STR,      /* const char * */
	TYPE_FUNCTION, /* pointer to a function */
	TYPE_RANGE,
};

struct symbol;
struct imports; /* imports.h */

struct type {
	enum type_kind kind;
	const char *c;         /* what stands left of the name, for types that have no parts */
	u32 bits;              /* TYPE_INT */
	bool is_signed;        /* TYPE_INT */
	bool is_literal;       /* TYPE_INT: an unsuffixed number, of no width yet */
	bool is_const;         /* TYPE_POINTER, TYPE_SLICE: what it points to */
	bool is_option;        /* TYPE_POINTER: may be NULL */
	bool is_atomic;        /* TYPE_INT, TYPE_BOOL */
	struct type *of;       /* element, pointee, value */
	const char *count;     /* TYPE_ARRAY */
	struct symbol *symbol; /* of named types */
	struct type **param;   /* TYPE_FUNCTION */
	u32 params;
};

enum symbol_kind {
	SYM_STRUCT,
	SYM_ENUM,
	SYM_SUM,
	SYM_FLAGS,
	SYM_ALIAS,
	SYM_CONST,
	SYM_STATIC,
	SYM_FUNCTION,
	SYM_VARIANT
};

struct field {
	const char *name; /* Rust's; a tuple's are "0", "1" */
	const char *c;
	struct type *type; /* NULL when its type has no translation */
	const char *why;   /* then: the reason */
	TSNode node;
};

struct symbol {
	enum symbol_kind kind;
	const char *name;  /* Rust's, alone */
	const char *owner; /* the type or module around it, NULL at the top */
	const char *c;
	TSNode node;
	TSNode around;          /* of a flag: the macro, in the file itself */
	const struct syntax *s; /* the file it is in */
	struct type *type;      /* of a value; what an alias stands for; a function's result */
	struct field *fields;   /* of a struct, a variant; a function's parameters */
	u32 field_count;
	bool is_tuple;     /* struct S(A, B), variant V(A) */
	bool is_foreign;   /* comes from another file of the source tree */
	bool is_used;      /* foreign: something refers to it */
	bool is_cpu_state; /* a guest's registers: rewritten by register_state.def */
	bool has_default;  /* derives Default */
	bool is_public;
	bool has_self; /* function: self is fields[0] */
	enum { EMIT_NOT, EMIT_NOW, EMIT_DONE } emitted;
	struct symbol *sum; /* variant: the enum */
	const char *value;  /* const: translated; variant: discriminant */
	const char *why;    /* why it cannot be translated as a whole; NULL if it can */
	struct symbol *next;
};

struct expr {
	const char *text;
	struct type *type;
	const char *count; /* TYPE_SLICE: how many */
	const char *error; /* with call: the error code that takes the place of the callee's; NULL: its own */
	const char *call;  /* a fallible call without its last argument and ')': "f(a, "; text is NULL then */
	bool is_place;     /* its address can be taken */
	bool is_simple;    /* without effects: may be written twice */
	bool is_constant;
	u32 level; /* how tight its operator binds; see LEVEL_ */
};

enum {
	LEVEL_PRIMARY = 20,
	LEVEL_UNARY = 15,
	LEVEL_PRODUCT = 13,
	LEVEL_SUM = 12,
	LEVEL_SHIFT = 11,
	LEVEL_ORDER = 10,
	LEVEL_EQUAL = 9,
	LEVEL_AND = 8,
	LEVEL_XOR = 7,
	LEVEL_OR = 6,
	LEVEL_BOTH = 5,
	LEVEL_EITHER = 4,
	LEVEL_CHOICE = 2
};

struct variable {
	const char *name;
	const char *c;
	struct type *type;
	struct variable *next;
};

/* Where the value of a block goes. */
enum dest_kind { DEST_NOWHERE, DEST_RETURN, DEST_VARIABLE };
struct dest {
	enum dest_kind kind;
	const char *variable;
	struct type *type;
};

struct loop {
	const char *label; /* Rust's, without '; NULL */
	u32 number;
	bool break_used, continue_used;
	bool is_switch;   /* no loop: C's break would leave it */
	struct dest dest; /* of `break value` */
	struct loop *outer;
};

/* Something left to be done by hand. */
struct todo {
	u32 line;
	const char *item;
	const char *reason;
	u32 start, end;    /* bytes of the Rust source */
	bool is_note;      /* a model's proposal stands there */
	bool is_statement; /* of a function: a model may be asked for it */
	struct todo *next;
};

/* A place that the compiler refused: it becomes a PORT_TODO in the next round. */
struct demotion {
	u32 start;
	u32 kind; /* enum mark_kind */
	const char *reason;
	struct demotion *next;
};

/* C that a model proposed for a statement without a translation. */
struct fill {
	u32 start;
	const char *text; /* NULL: it did not compile */
	struct fill *next;
};

enum mark_kind { MARK_ITEM, MARK_BODY, MARK_FIELD, MARK_STATEMENT };

struct mark {
	enum mark_kind kind;
	u32 start;       /* byte of the Rust source */
	u32 first, last; /* lines of the C text */
	u32 outer;       /* number of the mark around it; 0: none */
};

struct port {
	struct arena *arena;
	const struct syntax *s;
	const struct syntax *file; /* the one that is ported: s, but inside macros */
	struct symbol *symbols, **symbols_tail;
	struct variable *variables;
	struct loop *loop;
	struct symbol *function; /* the one being translated */
	const char *self_type;   /* Rust name of the type of the impl around, NULL outside */
	struct text *out;        /* statements go here */
	u32 indent;
	u32 temporaries;
	u32 depth;
	struct todo *todos, **todos_tail;
	struct demotion *demotions;
	const struct fill *fills;
	struct mark *marks;
	u32 mark_count, mark_room, mark_now;
	struct text types, consts, statics, protos, bodies;
	u32 line_now, start_now, end_now; /* of the statement, for what lies inside macros */
	const char *item;                 /* name of the item being translated, for the plan */
	jmp_buf *on_fail;
	const char *failure;
	struct subtree *subtrees; /* of macros' arguments, freed at the end */
	const struct imports *imports;
	struct use *uses;      /* names that `use` brings in */
	struct loaded *loaded; /* files of the tree that were read for them */
	u32 files_loaded;
};

/* --- failing ---------------------------------------------------------------- */

/* Leave the construct being translated; the innermost port_try() answers false and p->failure has the reason. */
void port_fail(struct port *p, const char *format, ...) NORETURN FORMAT_LIKE_PRINTF(2, 3);

/* Run it; on failure everything it wrote and declared is taken back. */
typedef void (*port_step_fn)(struct port *p, TSNode n, void *context);
bool port_try(struct port *p, port_step_fn step, TSNode n, void *context) MUST_CHECK;

/* Guards every recursion: fails when the source is nested too deep. */
void port_enter(struct port *p);
void port_leave(struct port *p);

/* --- names.c ---------------------------------------------------------------- */
const char *name_snake(struct arena *a, const char *name);
const char *name_upper(struct arena *a, const char *name);
/* A name that C and this tree's headers leave free, ARM64's words replaced (words.def). */
const char *name_c(struct port *p, const char *name);
/* Of a type: always snake_case. */
const char *name_type(struct port *p, const char *name);
const char *name_temporary(struct port *p, const char *stem);

/* --- types.c ---------------------------------------------------------------- */
extern struct type type_unknown, type_unit, type_never, type_bool, type_u8, type_u16, type_u32, type_u64, type_usize,
	type_s32, type_s64, type_literal, type_str, type_void_pointer, type_err;
struct type *type_from_node(struct port *p, TSNode n); /* fails */
struct type *type_pointer_to(struct port *p, struct type *of, bool is_const);
struct type *type_option_of(struct port *p, struct type *of);
struct type *type_tuple_of(struct port *p, struct type *const *parts, u32 count);
struct type *type_array_of(struct port *p, struct type *of, const char *count);
/* `u64 *name[3]`, `struct vm *name`. Fails for what cannot be declared. */
const char *type_declare(struct port *p, const struct type *t, const char *name);
const char *type_name(struct port *p, const struct type *t);
/* A word for it, to make names of: "u64", "vm". */
const char *type_word(struct port *p, const struct type *t);
bool type_is_number(const struct type *t);
bool type_is_known(const struct type *t);
bool type_is_scalar(const struct type *t);   /* passed by value even where Rust borrows self */
bool type_is_fallible(const struct type *t); /* a function of this result returns err_t */
struct type *type_value(struct type *t);     /* of a fallible type */
const char *type_zero(struct port *p, const struct type *t);

/* --- symbols.c --------------------------------------------------------------- */
void symbols_collect(struct port *p, const struct syntax *s, TSNode list, const char *owner, bool is_foreign);
void symbols_resolve(struct port *p); /* types of fields, parameters, results */
struct symbol *symbol_find_type(struct port *p, const char *name);
/* `owner` NULL: at the top or in any module. */
struct symbol *symbol_find_value(struct port *p, const char *owner, const char *name);
struct field *symbol_field(struct symbol *sym, const char *name);
struct type *symbol_as_type(struct port *p, struct symbol *sym);
bool node_has_attribute(const struct syntax *s, TSNode item, const char *word);

/* --- items.c ------------------------------------------------------------------- */
void port_type_symbol(struct port *p, struct symbol *sym);
void port_items(struct port *p, TSNode list);
void port_constants(struct port *p);

/* --- functions.c ----------------------------------------------------------------- */
void port_function(struct port *p, TSNode n, struct symbol *sym);
const char *function_head(struct port *p, struct symbol *sym);

/* --- statements.c, control.c, patterns.c --------------------------------------------- */
void line_put(struct port *p, const char *format, ...) FORMAT_LIKE_PRINTF(2, 3);
void port_block(struct port *p, TSNode block, struct dest dest); /* without braces */
void port_block_braced(struct port *p, TSNode block, struct dest dest, const char *head, const char *tail);
void port_expression_to(struct port *p, TSNode n, struct dest dest);
void port_value_to(struct port *p, struct expr e, struct dest dest);
bool node_is_control(TSNode n); /* if, match, loops, blocks: written as statements */
void port_control(struct port *p, TSNode n, struct dest dest);
struct type *control_type(struct port *p, TSNode n); /* of its first branch; NULL when it does not show */
void port_match(struct port *p, TSNode n, struct dest dest);
void port_let(struct port *p, TSNode n);
void port_let_constant(struct port *p, TSNode n); /* `const` in a function */
/* Of `let name = 1;`, by the name's uses in the function; fails when none shows it. */
struct type *literal_type(struct port *p, const char *name);
/* The same for any value; NULL when none shows it. */
struct type *type_by_use(struct port *p, const char *name);
struct variable *variable_declare(struct port *p, const char *name, struct type *type);
struct variable *variable_find(struct port *p, const char *name);
void comment_put(struct port *p, TSNode n);   /* its first line */
const char *doc_of(struct port *p, TSNode n); /* the doc comment before an item, as a line; "" without one */
void todo_add(struct port *p, TSNode n, const char *reason, bool is_note);
void todo_put(struct port *p, TSNode n, const char *reason);
/* The same with a model's proposal in the place of PORT_TODO. */
void fill_put(struct port *p, TSNode n, const char *reason, const char *text);

/* The condition that a value matches a pattern ("" when it always does); with `bind`, declares what it binds. */
const char *pattern_condition(struct port *p, TSNode pattern, struct expr value);
/* Named children and `_`, which tree-sitter gives no name. */
struct nodes pattern_parts(struct port *p, TSNode n);
void pattern_bind(struct port *p, TSNode pattern, struct expr value, bool as_alias);
/* A fallible call carried out: its error is in a new variable; the value's place is returned. */
struct expr fallible_run(struct port *p, struct expr e, const char **error);

/* --- expressions.c and others ---------------------------------------------------------- */
struct expr port_expr(struct port *p, TSNode n, struct type *expected);
struct expr expr_of(const char *text, struct type *type, u32 level);
/* Text with parentheses where an operator of `level` needs them. */
const char *expr_at(struct port *p, struct expr e, u32 level);
struct expr expr_deref(struct port *p, struct expr e);
const char *expr_address(struct port *p, struct expr e);
struct expr expr_temporary(struct port *p, struct expr e, const char *stem);
struct expr expr_checked(struct port *p, struct expr e); /* fails for what is no plain value */
struct expr expr_binary(struct port *p, TSNode n, struct type *expected);
struct expr expr_arithmetic(struct port *p, const char *op, struct expr a, struct expr b);
struct expr expr_unary(struct port *p, TSNode n, struct type *expected);
struct expr expr_cast(struct port *p, TSNode n, struct type *expected);
struct expr expr_call(struct port *p, TSNode n, struct type *expected);
struct expr expr_method(struct port *p, TSNode call, TSNode field, struct type *expected);
struct expr expr_int_method(struct port *p, struct expr self, const char *name, const struct nodes *args,
			    struct type *expected);
struct expr expr_field(struct port *p, struct expr base, const char *name);
struct expr expr_path(struct port *p, TSNode n);
struct expr expr_macro(struct port *p, TSNode n, struct type *expected);
struct expr expr_try(struct port *p, TSNode n);
struct expr expr_struct(struct port *p, TSNode n);
struct expr expr_init(struct port *p, TSNode n, struct type *type); /* may be a brace list */
struct expr expr_user_call(struct port *p, struct symbol *sym, const struct expr *self, const struct nodes *args);
struct expr expr_std_call(struct port *p, const char *path, TSNode function, const struct nodes *args,
			  struct type *expected, bool *known);
const char *error_from_name(struct port *p, const char *name, bool *sure);
const char *error_from_node(struct port *p, TSNode n);
/* registers.c: false when it is no access of a system register. */
bool register_method(struct port *p, TSNode call, TSNode receiver, const char *name, const struct nodes *args,
		     struct expr *e);
bool register_macro(struct port *p, TSNode macro, const char *name, const struct nodes *args, struct expr *e);
bool register_function(struct port *p, TSNode call, const char *name, const struct nodes *args, struct expr *e);
void port_asm(struct port *p, TSNode macro);
bool port_vectors(struct port *p, TSNode function, struct symbol *sym);

/* Parse the arguments of a macro as expressions; p->s becomes their text until port_try() or the caller puts it back.
 */
struct nodes macro_arguments(struct port *p, TSNode token_tree);

/* --- imports.c ---------------------------------------------------------------------------- */
void imports_collect(struct port *p, const struct syntax *s, const char *path);
/* Read what may declare a name; it is a symbol after, or nobody knows it. */
void imports_load(struct port *p, const char *name);

#endif

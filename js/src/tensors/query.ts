/**
 * Conditions on the columns, as `std > 1e3 or nans > 0`: parsed here, never evaluated as code.
 *
 * Words are columns; they are compared by < <= > >= = != with a number (1e3, inf, 4MiB) or, dtype and group, with a text;
 * `and` binds closer than `or`, `not` closer than both. What a row lacks passes no comparison. The same rules in Python
 * are ckpt_magics/notebook/frames/variable_query.py.
 */

/** What a row has in a column: null where it has nothing. */
export type Lookup = (column: string) => number | string | null;

export interface Query {
  test(lookup: Lookup): boolean;
  /** Columns that it asks for. */
  readonly columns: ReadonlySet<string>;
}

const TEXT_COLUMNS = ["dtype", "group"] as const;
export const STATISTIC_COLUMNS = ["min", "max", "mean", "std", "zeros", "nans", "infs", "dead"] as const;
/** What a condition can be about. */
export const QUERY_COLUMNS: readonly string[] = [
  "elements",
  "bytes",
  "rank",
  ...STATISTIC_COLUMNS,
  ...TEXT_COLUMNS,
];

const TOKEN = /\s*(?:(<=|>=|==|!=|[<>=()])|"([^"]*)"|'([^']*)'|([^\s()<>=!"']+))/y;
const UNITS: Readonly<Record<string, number>> = { "": 1, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 };

/** A condition that a person writes has a few; one bracket in another costs a call. */
const MOST_WORDS = 200;

type Token = { readonly kind: "sign" | "text" | "word"; readonly text: string };
type Test = (lookup: Lookup) => boolean;

/** Parse conditions; an empty text passes everything. Throws a SyntaxError that says where it stops making sense. */
export function parseQuery(text: string): Query {
  const parser = new Parser(tokensOf(text));
  return { test: text.trim() === "" ? () => true : parser.whole(), columns: parser.columns };
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const rest = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < rest.length) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(rest);
    if (!found) throw new SyntaxError(`this is not understood: ${rest.slice(at).trim()}`);
    const [, sign, double, single, word] = found;
    if (sign !== undefined) tokens.push({ kind: "sign", text: sign });
    else if (word !== undefined) tokens.push({ kind: "word", text: word });
    else tokens.push({ kind: "text", text: double ?? single ?? "" });
  }
  if (tokens.length > MOST_WORDS) throw new SyntaxError(`a query has at most ${MOST_WORDS} words`);
  return tokens;
}

class Parser {
  readonly columns = new Set<string>();
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Test {
    const test = this.#or();
    const rest = this.#tokens[this.#at];
    if (rest) throw new SyntaxError(`"and" or "or" is missing before ${rest.text}`);
    return test;
  }

  #or(): Test {
    const parts = [this.#and()];
    while (this.#takes("or")) parts.push(this.#and());
    return (lookup) => parts.some((part) => part(lookup));
  }

  #and(): Test {
    const parts = [this.#not()];
    while (this.#takes("and")) parts.push(this.#not());
    return (lookup) => parts.every((part) => part(lookup));
  }

  #not(): Test {
    if (this.#takes("not")) {
      const test = this.#not();
      return (lookup) => !test(lookup);
    }
    if (!this.#takes("(")) return this.#comparison();
    const inside = this.#or();
    if (!this.#takes(")")) throw new SyntaxError('a ")" is missing');
    return inside;
  }

  #comparison(): Test {
    const column = this.#next("a column").text.toLowerCase();
    const isText = (TEXT_COLUMNS as readonly string[]).includes(column);
    if (!QUERY_COLUMNS.includes(column))
      throw new SyntaxError(`no column ${column}; there are ${QUERY_COLUMNS.join(", ")}`);
    const sign = this.#next("a comparison").text;
    const compare = Object.hasOwn(COMPARISONS, sign) ? COMPARISONS[sign] : undefined;
    if (!compare) throw new SyntaxError(`${column} is compared by <, <=, >, >=, = or !=, not by ${sign}`);
    const { text } = this.#next("a value");
    const value = isText ? text : numberIn(text);
    this.columns.add(column);
    return (lookup) => {
      const found = lookup(column);
      return found !== null && compare(found, value);
    };
  }

  #next(what: string): Token {
    const token = this.#tokens[this.#at++];
    if (!token) throw new SyntaxError(`${what} is missing at the end`);
    return token;
  }

  #takes(word: string): boolean {
    const token = this.#tokens[this.#at];
    const is = token !== undefined && token.kind !== "text" && token.text.toLowerCase() === word;
    if (is) this.#at++;
    return is;
  }
}

const COMPARISONS: Readonly<Record<string, (a: number | string, b: number | string) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "=": (a, b) => a === b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

function numberIn(text: string): number {
  const found = /^([+-]?)(?:(inf)|(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)(KiB|MiB|GiB|))$/i.exec(text);
  if (!found) throw new SyntaxError(`${text} is no number`);
  const [, sign, infinite, digits = "", unit = ""] = found;
  const size = infinite ? Number.POSITIVE_INFINITY : Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
  return sign === "-" ? -size : size;
}

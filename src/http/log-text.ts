type Line = Readonly<Record<string, unknown>>;

/**
 * A JSON log line as text: time, level, message, then what the message does not say already as `key=value`; the stack of
 * an error below it.
 */
export function textLine(json: string): string {
  const { time, level, msg, err, requestId, ...rest } = JSON.parse(json) as Line;
  const said = msg === `${rest['method']} ${rest['path']} ${rest['status']}` ? ['method', 'path', 'status'] : [];
  const pairs = Object.entries({ ...rest, requestId })
    .filter(([key, value]) => value !== undefined && !said.includes(key))
    .map(([key, value]) => ` ${key}=${printable(shown(value))}`);
  const head = `${String(time)} ${String(level).padEnd(5)} ${printable(String(msg ?? ''))}${pairs.join('')}\n`;
  return err === undefined ? head : `${head}${indented(stackOf(err))}`;
}

function shown(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

function stackOf(err: unknown): string {
  const { stack, message } = (typeof err === 'object' && err !== null ? err : {}) as {
    stack?: unknown;
    message?: unknown;
  };
  return String(stack ?? message ?? JSON.stringify(err));
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${printable(line)}\n`)
    .join('');
}

/** A line stays one line, and a terminal is told nothing: control and format characters are shown as escapes. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  });
}

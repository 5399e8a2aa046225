import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { pathOf } from './access-log.ts';
import { loggedError } from './log-error.ts';
import { textLine } from './log-text.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Serializers cost nothing for a field that is not there; pino's `redact` costs more than the rest of a line. */
const SECRET_FIELDS = ['authorization', 'headers', 'rawHeaders', 'password', 'secretAccessKey', 'token'];

/**
 * Structured logs on stderr: a JSON object a line, or the same as text for people. Should something log a request or its
 * headers after all, the secrets in them stay out.
 */
export function createLogger(
  { level, format }: { readonly level: LogLevel; readonly format: 'json' | 'text' },
  out: DestinationStream = destination({ fd: 2, sync: true }),
): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: {
        err: loggedError,
        req: ({ method, url = '' }: { method?: string; url?: string }) => ({ method, path: pathOf(url) }),
        res: ({ statusCode }: { statusCode?: number }) => ({ status: statusCode }),
        ...Object.fromEntries(SECRET_FIELDS.map((name) => [name, () => '[secret]'])),
      },
    },
    format === 'text' ? { write: (line) => out.write(textLine(line)) } : out,
  );
}

import { stdSerializers } from 'pino';

/**
 * An error as the log has it: what it says, where it comes from, its causes, and what it has besides in plain values, such as a
 * code. Libraries hang whole clients and requests onto their errors, with all that is secret in them: those stay out.
 */
export function loggedError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { aggregateErrors, ...serialized } = stdSerializers.err(error) as Readonly<Record<string, unknown>>;
  const plain = Object.entries(serialized).filter(([, value]) => value === null || typeof value !== 'object');
  const others = 'errors' in error && Array.isArray(error.errors) ? error.errors.map(loggedError) : undefined;
  return { ...Object.fromEntries(plain), ...(others && { aggregateErrors: others }) };
}

import { isIP } from 'node:net';
import { z } from 'zod';

/** A setting's value as a flag, a variable or a file spells it: text. `parse` answers undefined for text it does not accept. */
export function text<T>(parse: (text: string) => T | undefined): z.ZodType<T> {
  return z.string().transform((given, context) => {
    const parsed = parse(given);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: 'not accepted' });
    return z.NEVER;
  });
}

/** A list: a YAML list, a flag given several times, or one text with commas. */
export function list<T>(parse: (text: string) => T | undefined): z.ZodType<readonly T[]> {
  return z.union([z.array(z.string()), z.string()]).transform((given, context) => {
    const parts = [given].flat().flatMap((part) => part.split(','));
    const parsed = parts.map((part) => parse(part.trim())).filter((item) => item !== undefined);
    if (parsed.length === parts.length) return parsed;
    context.addIssue({ code: 'custom', message: 'not accepted' });
    return z.NEVER;
  });
}

export function oneOf<const T extends string>(...choices: readonly T[]): z.ZodType<T> {
  return text((given) => choices.find((choice) => choice === given));
}

export const yesOrNo = text((given) => (given === 'true' ? true : given === 'false' ? false : undefined));

export function wholeNumber(min: number, max: number): z.ZodType<number> {
  return text((given) => {
    const number = /^[0-9]{1,15}$/.test(given) ? Number(given) : Number.NaN;
    return number >= min && number <= max ? number : undefined;
  });
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds, from a number and a unit: `500ms`, `30s`, `90m`, `24h`, `7d`. Bounds are written the same way. */
export function duration(min: string, max: string): z.ZodType<number> {
  const [least, most] = [parseDuration(min) ?? 0, parseDuration(max) ?? 0];
  return text((given) => {
    const ms = parseDuration(given);
    return ms !== undefined && ms >= least && ms <= most ? ms : undefined;
  });
}

export function parseDuration(given: string): number | undefined {
  const match = /^([0-9]{1,9})(ms|s|m|h|d)$/.exec(given);
  const unit = match?.[2] as keyof typeof UNITS | undefined;
  return unit === undefined ? undefined : Number(match?.[1]) * UNITS[unit];
}

/** The shortest way to write a duration that `parseDuration` reads back. */
export function formatDuration(ms: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find((name) => ms > 0 && ms % UNITS[name] === 0);
  return unit === undefined ? `${ms}ms` : `${ms / UNITS[unit]}${unit}`;
}

const LABELS = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** A host name or an IP address, without scheme and port; lower case, IPv6 without brackets. */
export function parseHost(given: string): string | undefined {
  const host = given.toLowerCase();
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  if (isIP(bare) !== 0) return bare;
  return host.length <= 253 && LABELS.test(host) ? host : undefined;
}

/** A host, or `*.` and a name: every host below that name. */
export function parseDomain(given: string): string | undefined {
  if (!given.startsWith('*.')) return parseHost(given);
  const suffix = parseHost(given.slice(2));
  return suffix === undefined || isIP(suffix) !== 0 ? undefined : `*.${suffix}`;
}

/** A location of a front server, `/berth-blobs/`: a path without anything that could need encoding or lead elsewhere; or `off`. */
export function parseLocation(given: string): string | undefined {
  if (given === 'off') return given;
  return given.length <= 255 && /^\/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)+$/.test(given) ? given : undefined;
}

import { findSole, type HeaderLines } from './header-lines.ts';
import { incomplete, invalid } from './refusal.ts';
import { Remembered } from './remembered.ts';

export interface RequestDate {
  /** ISO 8601 basic format, `20150830T123600Z`: the form that is signed. */
  readonly stamp: string;
  /** Milliseconds since the epoch, whole seconds. */
  readonly at: number;
}

/** ECR's window (fidelity facts, section 3); most other services have 5 minutes. */
const WINDOW_MINUTES = 15;
/** In milliseconds, before and after. */
export const SIGNATURE_WINDOW = WINDOW_MINUTES * 60_000;

/** Many requests are of one second, be it one that is minutes off. */
const instants = new Remembered<number | undefined>(100);

/** When the request was signed: `X-Amz-Date`, or `Date` if there is none. Throws IncompleteSignature; InvalidSignature if it came twice. */
export function readRequestDate(headers: HeaderLines): RequestDate {
  const amzDate = findSole(headers, 'x-amz-date');
  const text = amzDate ?? findSole(headers, 'date');
  if (text === undefined) {
    throw incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  const at = instants.get(text, parseBasicFormat) ?? (amzDate === undefined ? parseHttpDate(text) : undefined);
  if (at === undefined) throw incomplete(`Date must be in ISO-8601 'basic format'. Got '${text.slice(0, 40)}'.`);
  return { stamp: amzDate ?? basicFormat(at), at };
}

/** Throws InvalidSignature unless the request was signed at most 15 minutes before or after `now`. */
export function requireCurrent(date: RequestDate, now: number): void {
  const second = Math.floor(now / 1000) * 1000;
  const [earliest, latest] = [second - SIGNATURE_WINDOW, second + SIGNATURE_WINDOW];
  if (date.at < earliest) {
    throw invalid(
      `Signature expired: ${date.stamp} is now earlier than ${basicFormat(earliest)} (${basicFormat(second)} - ${WINDOW_MINUTES} min.)`,
    );
  }
  if (date.at > latest) {
    throw invalid(
      `Signature not yet current: ${date.stamp} is still later than ${basicFormat(latest)} (${basicFormat(second)} + ${WINDOW_MINUTES} min.)`,
    );
  }
}

/** What is not in the calendar is refused: the 30th of February, 24:00; and years before 1000. */
function parseBasicFormat(text: string): number | undefined {
  const parts = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // Of what is no such time, these two alone come out as one: that of the days after.
  const isOfThatDay = new Date(at).getUTCDate() === Number(day);
  return isOfThatDay && Number(year) >= 1000 ? at : undefined;
}

/** The one form of RFC 9110 that may still be generated, `Sun, 30 Aug 2015 12:36:00 GMT`; botocore signs with it if a `Date` was set. */
function parseHttpDate(text: string): number | undefined {
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined;
  const at = Date.parse(text);
  return !Number.isNaN(at) && new Date(at).toUTCString() === text ? at : undefined;
}

/** ISO 8601 basic format, whole seconds: how a request says when it was signed. */
export function basicFormat(at: number): string {
  return new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

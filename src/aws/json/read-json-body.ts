import { Fault } from '../../model/fault.ts';
import { JsonRefusal, parseStrictJson } from '../../model/strict-json.ts';

const MAX_REASON_LENGTH = 200;

/**
 * The object that a request's body holds. An empty body is an empty object: operations without required members may be
 * called with either.
 *
 * @throws Fault MalformedRequest if the body is not strict JSON, or holds anything but an object
 */
export function readJsonBody(bytes: Uint8Array): object {
  const json = bytes.length === 0 ? {} : parse(bytes);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw malformed('not a JSON object');
  }
  return json;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return parseStrictJson(bytes);
  } catch (error) {
    if (error instanceof JsonRefusal) throw malformed(error.message);
    throw error;
  }
}

/** A refusal may quote a name from the body, which can be as long as the body. */
function malformed(reason: string): Fault<'MalformedRequest'> {
  const clipped = reason.length > MAX_REASON_LENGTH ? `${reason.slice(0, MAX_REASON_LENGTH)}…` : reason;
  return new Fault('MalformedRequest', { reason: `The request body was refused: ${clipped}` });
}

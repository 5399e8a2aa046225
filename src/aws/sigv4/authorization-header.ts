import { incomplete } from './refusal.ts';
import { Remembered } from './remembered.ts';
import { parseSignedHeaders } from './signed-headers.ts';

export interface CredentialScope {
  readonly date: string;
  /** May be empty: whether that is allowed is the verifier's decision. */
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
}

export interface Authorization {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  /** Lower-case, in strictly ascending order. */
  readonly signedHeaders: readonly string[];
  /** 64 lower-case hexadecimal digits. */
  readonly signature: string;
}

export const ALGORITHM = 'AWS4-HMAC-SHA256';

const MAX_LENGTH = 8192;
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;
const PARAMETERS = ['Credential', 'Signature', 'SignedHeaders'] as const;
type Parameter = (typeof PARAMETERS)[number];

/** AWS makes upper-case ids of letters and digits; people who run Berth make up their own. */
const ACCESS_KEY_ID = /^[A-Za-z0-9._-]{1,128}$/;
const SIGNATURE = /^[0-9a-f]{64}$/;
/** Of so many clients, by their keys and days, and by what they sign. */
const credentials = new Remembered<Pick<Authorization, 'accessKeyId' | 'scope'>>(100);
const signedHeaders = new Remembered<readonly string[]>(100);

/**
 * Parses `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`: the parameters in any order, each exactly once
 * and no other, commas with or without spaces. Throws IncompleteSignature. Sentences never repeat the header.
 */
export function parseAuthorization(header: string): Authorization {
  if (header.length > MAX_LENGTH || !PRINTABLE_ASCII.test(header)) {
    throw incomplete(`Authorization header must be at most ${MAX_LENGTH} printable ASCII characters`);
  }
  const parameters = readParameters(withoutAlgorithm(header));
  const missing = PARAMETERS.filter((name) => !parameters.get(name));
  if (missing.length > 0) {
    throw incomplete(missing.map((name) => `Authorization header requires '${name}' parameter.`).join(' '));
  }
  const signature = parameters.get('Signature') ?? '';
  if (!SIGNATURE.test(signature)) {
    throw incomplete("Authorization header requires a 'Signature' of 64 lower-case hexadecimal digits.");
  }
  return {
    ...credentials.get(parameters.get('Credential') ?? '', parseCredential),
    signedHeaders: signedHeaders.get(parameters.get('SignedHeaders') ?? '', parseSignedHeaders),
    signature,
  };
}

function withoutAlgorithm(header: string): string {
  if (header.startsWith(`${ALGORITHM} `)) return header.slice(ALGORITHM.length + 1);
  if (header.startsWith('AWS4-ECDSA-P256-SHA256')) {
    throw incomplete(`Signature Version 4A (AWS4-ECDSA-P256-SHA256) is not supported: sign with ${ALGORITHM}.`);
  }
  if (header.startsWith('AWS ')) {
    throw incomplete(`Signature Version 2 is not supported: sign with ${ALGORITHM}.`);
  }
  throw incomplete(`Authorization header must start with '${ALGORITHM} ', the only algorithm supported.`);
}

function readParameters(text: string): ReadonlyMap<Parameter, string> {
  const parameters = new Map<Parameter, string>();
  for (const [position, piece] of text.split(',').entries()) {
    const parameter = position === 0 ? piece : piece.replace(/^ +/, '');
    const equals = parameter.indexOf('=');
    const name = PARAMETERS.find((known) => known === parameter.slice(0, Math.max(equals, 0)));
    if (name === undefined) {
      throw incomplete(
        `Authorization header takes ${PARAMETERS.map((known) => `'${known}'`).join(', ')} and nothing else.`,
      );
    }
    if (parameters.has(name)) throw incomplete(`Authorization header must have '${name}' parameter exactly once.`);
    parameters.set(name, parameter.slice(equals + 1));
  }
  return parameters;
}

function parseCredential(credential: string): Pick<Authorization, 'accessKeyId' | 'scope'> {
  const parts = credential.split('/');
  const [accessKeyId = '', date = '', region = '', service = '', terminator = ''] = parts;
  if (parts.length !== 5) {
    throw incomplete('Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.');
  }
  if (!ACCESS_KEY_ID.test(accessKeyId)) {
    throw incomplete(
      'Credential must start with an access key id: 1 to 128 letters, digits, dots, hyphens or underscores.',
    );
  }
  return { accessKeyId, scope: { date, region, service, terminator } };
}

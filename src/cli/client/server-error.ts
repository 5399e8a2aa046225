/** A command that spoke to a server came to nothing. The message is for the person at the terminal; the CLI exits with 1. */
export class ServerError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ServerError';
  }
}

/** How the server says what went wrong. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly requestId?: string | undefined;
}

/** The refusal in a document, if it is one. */
export function refusalIn(document: unknown): Refusal | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  const { code, __type, message, requestId } = document as Readonly<Record<string, unknown>>;
  // What is refused before any edge sees it is said in another form.
  const name = code ?? __type;
  if (typeof name !== 'string' || typeof message !== 'string') return undefined;
  return { code: name, message, requestId: typeof requestId === 'string' ? requestId : undefined };
}

/** What to do next, where the refusal alone does not say it. */
const NEXT_STEPS: Readonly<Record<string, string>> = {
  InvalidSignature:
    'The keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else from the profile in ~/.aws, else they are test/test: are they those that this server knows, and is the clock of this machine right?',
  UnrecognizedClient:
    'The keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, if it is set), else from the profile in ~/.aws: are they those that this server knows?',
  RepositoryNotFound: "'berth usage' lists the repositories of the account and region that the command speaks for.",
  NotFound: 'Is there a Berth server of this version behind that endpoint?',
  UnknownOperation: 'Is the server of the same version as this command?',
};

export function asServerError(refusal: Refusal, endpoint: string): ServerError {
  // ECR's API has its own names for the same codes.
  const next = NEXT_STEPS[refusal.code.replace(/Exception$/, '')];
  const asked = refusal.code === 'InternalError' ? ` (${endpoint})` : '';
  return new ServerError([`${refusal.message}${asked}`, ...(next === undefined ? [] : [next])].join('\n'));
}

/** Something answered, but not as Berth does. */
export function strangeAnswer(endpoint: string, status: number): ServerError {
  return new ServerError(
    `What answers at ${endpoint} does not speak like Berth (HTTP ${status}).\nName a Berth server with --endpoint or BERTH_ENDPOINT.`,
  );
}

/** Nothing answered. */
export function unreachable(endpoint: string, cause: unknown): ServerError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no connection';
  return new ServerError(
    `No server answers at ${endpoint} (${reason}): start one with 'berth serve', or name another with --endpoint or BERTH_ENDPOINT.`,
    { cause },
  );
}

/** The answer ended before its end. */
export function cutShort(endpoint: string, cause?: unknown): ServerError {
  return new ServerError(`The connection to ${endpoint} ended before the answer did.`, { cause });
}

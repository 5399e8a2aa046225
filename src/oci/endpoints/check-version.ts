import { type Answer, jsonBody } from '../call.ts';

/** `GET /v2/`: this is a registry, and the credentials are good. */
export async function checkVersion(): Promise<Answer> {
  return { status: 200, headers: { 'Content-Type': 'application/json' }, body: jsonBody({}) };
}

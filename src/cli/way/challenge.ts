import { type Answered, ask } from './ask.ts';

/** Whether that is how Berth, and ECR, ask for a password. */
export function isOurChallenge({ status, headers }: Answered): boolean {
  return status === 401 && /service="ecr\.amazonaws\.com"/.test(String(headers['www-authenticate'] ?? ''));
}

/**
 * Whether a registry is Berth, or ECR, as far as it shows to a stranger.
 *
 * @throws Unanswered
 */
export async function asksAsWeDo(endpoint: string): Promise<boolean> {
  return isOurChallenge(await ask(endpoint, { target: '/v2/' }));
}

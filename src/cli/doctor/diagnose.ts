import { awsCheck, regionCheck } from './aws-checks.ts';
import { containersCheck } from './containers-check.ts';
import { dockerCheck } from './docker-check.ts';
import { type Finding, skipped } from './finding.ts';
import { loginChecks } from './login-checks.ts';
import type { Patient } from './patient.ts';
import { proxyCheck } from './proxy-check.ts';
import { roundTrip } from './round-trip.ts';
import { serverChecks } from './server-checks.ts';

/** Every check, in the order in which a request goes its way. `deep` writes to the server; nothing else changes anything. */
export async function* diagnose(patient: Patient, { deep }: { readonly deep: boolean }): AsyncGenerator<Finding, void> {
  const password = yield* serverChecks(patient);
  if (deep) {
    yield password === undefined || !('region' in patient.access)
      ? skipped('round-trip', 'what comes before it has failed')
      : await roundTrip(patient, patient.access, password);
  }
  yield regionCheck(patient);
  yield proxyCheck(patient);
  yield await awsCheck(patient);
  yield* loginChecks(patient);
  yield await dockerCheck(patient);
  yield containersCheck(patient);
}

import { isRegion } from '../../model/registry.ts';
import type { CredentialScope } from './authorization-header.ts';
import { invalid } from './refusal.ts';
import type { RequestDate } from './request-date.ts';

export const TERMINATOR = 'aws4_request';

/** The scope of what is signed at this time, given as it is signed. */
export function scopeAt(stamp: string, region: string, service: string): CredentialScope {
  return { date: stamp.slice(0, 8), region, service, terminator: TERMINATOR };
}

/** As it is signed, and as it stands behind the access key id in a credential. */
export function scopeText({ date, region, service, terminator }: CredentialScope): string {
  return `${date}/${region}/${service}/${terminator}`;
}

export interface ScopeRule {
  readonly service: string;
  /** The credential helper's `list` signs with no region at all. */
  readonly emptyRegion: 'allowed' | 'refused';
}

/** Throws InvalidSignature with a sentence for each part of the scope that does not fit, as AWS does, each ending in a space. */
export function requireScope(scope: CredentialScope, date: RequestDate, rule: ScopeRule): void {
  const day = date.stamp.slice(0, 8);
  const sentences = [
    regionFits(scope.region, rule) ? '' : 'Credential should be scoped to a valid region. ',
    scope.service === rule.service ? '' : `Credential should be scoped to correct service: '${rule.service}'. `,
    scope.terminator === TERMINATOR ? '' : `Credential should be scoped with a valid terminator: '${TERMINATOR}'. `,
    scope.date === day
      ? ''
      : `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope.date.slice(0, 16)}' != '${day}', from '${date.stamp}'. `,
  ].join('');
  if (sentences !== '') throw invalid(sentences);
}

function regionFits(region: string, rule: ScopeRule): boolean {
  return region === '' ? rule.emptyRegion === 'allowed' : isRegion(region);
}

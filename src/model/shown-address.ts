/** The address of a database as it may be shown: without the password, wherever in it that stands. */
export function withoutPassword(address: string): string {
  if (!URL.canParse(address)) return '(an address that is none)';
  const shown = new URL(address);
  if (shown.password !== '') shown.password = '***';
  if (shown.searchParams.has('password')) shown.searchParams.set('password', '***');
  return shown.href;
}

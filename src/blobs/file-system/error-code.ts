/** The system's name for what went wrong (`ENOENT`, `ENOSPC` …), when the error came from the system. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

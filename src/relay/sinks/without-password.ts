/** A URL for people and logs: without user, password and query, which may hold keys as well. */
export const withoutPassword = (url: string): string => url.replace(/\/\/.*@/, '//').replace(/[?#].*/, '');

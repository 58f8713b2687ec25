/** A URL for people and logs: without user and password. */
export const withoutPassword = (url: string): string => url.replace(/\/\/[^/@]*@/, '//');

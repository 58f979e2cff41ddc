import { describe, expect, it } from 'vitest';
import { hostMatches, isHostPattern } from './hosts.js';

describe('hostMatches', () => {
  it.each([
    ['api.example.com', 'https://api.example.com/x'],
    ['API.Example.com', 'https://api.EXAMPLE.com/x'],
    ['api.example.com:443', 'https://api.example.com/x'],
    ['api.example.com', 'https://api.example.com:8443/x'],
    ['*.example.com', 'https://a.b.example.com/'],
    ['127.0.0.1:8080', 'http://127.0.0.1:8080/'],
    ['[::1]', 'http://[::1]:9000/'],
    ['bücher.example', 'https://xn--bcher-kva.example/'],
  ])('%s names %s', (pattern, url) => {
    expect(hostMatches(pattern, new URL(url))).toBe(true);
  });

  it.each([
    ['example.com', 'https://api.example.com/'],
    ['*.example.com', 'https://example.com/'],
    ['*.example.com', 'https://badexample.com/'],
    ['api.example.com', 'https://api.example.com.evil.test/'],
    ['api.example.com:443', 'https://api.example.com:444/'],
    ['api.example.com:443', 'http://api.example.com/'],
    ['*.com', 'https://evil.com/'],
    ['*', 'https://evil.com/'],
  ])('%s does not name %s', (pattern, url) => {
    expect(hostMatches(pattern, new URL(url))).toBe(false);
  });
});

describe('isHostPattern', () => {
  it.each(['https://api.example.com', 'api.example.com/v1', '*', '*.com', 'a b', '', 'user@host', 'api.*.com', 'host:port'])(
    'refuses %j',
    (pattern) => {
      expect(isHostPattern(pattern)).toBe(false);
    },
  );

  it.each(['localhost', 'api.example.com', '*.example.com:8443', '10.0.0.1', '[::1]:80'])('accepts %j', (pattern) => {
    expect(isHostPattern(pattern)).toBe(true);
  });
});

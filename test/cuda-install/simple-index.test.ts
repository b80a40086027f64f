import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseIndexPage } from '../../src/cuda/install/index-page.ts';
import { SimpleIndex } from '../../src/cuda/install/simple-index.ts';
import { ConfigError } from '../../src/errors.ts';
import { FakeIndex } from './fake-index.ts';
import { fakeWheel, noise } from './fake-wheels.ts';

const fake = fakeWheel('some-lib', { 'libsome.so.1': noise(1000, 1) });
let index: FakeIndex;
beforeEach(async () => {
  index = await FakeIndex.start([fake]);
});
afterEach(() => index.close());

describe('SimpleIndex', () => {
  it.each(['json', 'html'] as const)(
    'finds a file on a page in %s, with and without a slash at the end',
    async (format) => {
      index.format = format;
      for (const url of [index.url, `${index.url}/`]) {
        const { url: found, headers } = await new SimpleIndex(url).locate(fake.wheel);
        expect(found.origin + found.pathname).toBe(index.url.replace('simple', `files/${fake.wheel.filename}`));
        expect(found.search).toBe(format === 'html' ? '?a=1&b=2' : '');
        expect(found.hash).toBe('');
        expect(headers).toEqual({});
      }
    },
  );

  it('sends the password to its own host only and shows it nowhere', async () => {
    const url = index.url.replace('http://', 'http://user:s%40cret@');
    const simple = new SimpleIndex(url);
    expect(simple.name).toBe(index.url);
    const authorization = `Basic ${Buffer.from('user:s@cret').toString('base64')}`;
    expect((await simple.locate(fake.wheel)).headers).toEqual({ authorization });
    expect(index.pageRequests.at(-1)?.authorization).toBe(authorization);
    index.filesUrl = 'http://files.invalid/';
    expect((await simple.locate(fake.wheel)).headers).toEqual({});
  });

  it('refuses another file of the same name before it is downloaded', async () => {
    const wheel = { ...fake.wheel, sha256: '0'.repeat(64) };
    await expect(new SimpleIndex(index.url).locate(wheel)).rejects.toThrow(
      new ConfigError(
        `${index.url} has another file under the name ${wheel.filename}: its SHA-256 is ${fake.wheel.sha256}`,
      ),
    );
  });

  it('says that a wheel or a project is not there', async () => {
    const simple = new SimpleIndex(index.url);
    const other = { ...fake.wheel, filename: 'some_lib-2.0-py3-none-any.whl' };
    await expect(simple.locate(other)).rejects.toThrow(/does not have some_lib-2\.0.*--index-url.*--wheels/);
    await expect(simple.locate({ ...fake.wheel, project: 'nothing' })).rejects.toThrow(
      /answers with 404.*no project nothing/,
    );
  });

  it('says what to do without network', async () => {
    await index.close();
    await expect(new SimpleIndex(index.url).locate(fake.wheel)).rejects.toThrow(
      /^http:\/\/127\.0\.0\.1:\d+\/simple\/some-lib\/ cannot be reached \(ECONNREFUSED\).*--wheels.*--dry-run/,
    );
    index = await FakeIndex.start([fake]);
  });

  it.each(['ftp://example.com/simple', 'example.com', '', 'http://us:er:pw@:x'])('refuses the address %j', (url) => {
    expect(() => new SimpleIndex(url)).toThrow(ConfigError);
  });
});

describe('parseIndexPage', () => {
  it('reads links however they are written', () => {
    const html = `<a href='a/one-1.whl#sha256=AB12'>x</a> <A  class=x HREF=two-1.whl>y</A>
      <a rel="href" href="/three%2B1.whl?token=1&#38;x=&quot;">z</a><a name="here">no link</a><abbr href="no.whl">`;
    expect(parseIndexPage(html)).toEqual([
      { filename: 'one-1.whl', url: 'a/one-1.whl', hashes: { sha256: 'ab12' } },
      { filename: 'two-1.whl', url: 'two-1.whl', hashes: {} },
      { filename: 'three+1.whl', url: '/three%2B1.whl?token=1&x="', hashes: {} },
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { chooseJava, featureRelease, javaCandidates, parseRelease, parseVersionOutput } from './java.js';

describe('the version of a Java', () => {
  it.each([
    ['1.8.0_402', 8],
    ['11.0.22', 11],
    ['17.0.15', 17],
    ['21', 21],
    ['25-ea+3', 25],
    ['25.0.1', 25],
  ])('reads %s as %i', (text, release) => {
    expect(featureRelease(text)).toBe(release);
  });

  it('is null where there is none', () => {
    expect(featureRelease('GraalVM')).toBeNull();
    expect(parseRelease('IMPLEMENTOR="Debian"\n')).toBeNull();
    expect(parseVersionOutput('command not found')).toBeNull();
  });

  it('is found in the file release and in what -version prints', () => {
    expect(
      parseRelease('IMPLEMENTOR="Eclipse Adoptium"\nJAVA_RUNTIME_VERSION="25.0.1+8"\nJAVA_VERSION="25.0.1"\n'),
    ).toBe(25);
    expect(parseVersionOutput('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment')).toBe(17);
    expect(parseVersionOutput('java version "1.8.0_402"')).toBe(8);
  });
});

describe('choosing among several', () => {
  const java = (version: number, home: string) => ({ version, home, command: `${home}/bin/java` });
  const found = [java(17, '/a'), java(25, '/b'), java(21, '/c'), java(25, '/d')];

  it('takes the newest, and of equals the first', () => {
    expect(chooseJava(found, 17)?.home).toBe('/b');
  });

  it('takes none that is too old', () => {
    expect(chooseJava(found, 26)).toBeNull();
    expect(chooseJava([java(17, '/a')], 21)).toBeNull();
  });

  it('looks at JAVA_HOME first', async () => {
    expect((await javaCandidates({ JAVA_HOME: '/my/jdk', PATH: '' }, '/home/nobody'))[0]).toBe('/my/jdk');
  });
});

using System.Globalization;

namespace LoadBalancer.Tests.Support;

/// <summary>
/// Makes inputs for a parser: random bytes, and valid ones with a few random changes. Each lies in front of other bytes,
/// so that a parser that looks past its input is told from one that does not.
/// </summary>
internal sealed class Fuzzer
{
    private const int DefaultSeed = 20_260_101;
    private const int MaxLength = 8192;
    private const int BeyondLength = 256;

    // Ends of ranges, where off-by-one errors show.
    private static readonly byte[] Telling = [0, 1, 2, 3, 4, 0x0A, 0x0D, 0x10, 0x20, 0x2E, 0x3A, 0x40, 0x7F, 0x80, 0xFE, 0xFF];

    private readonly byte[] _buffer = new byte[MaxLength + BeyondLength];
    private readonly byte[][] _samples;
    private int _length;
    private long _case;

    /// <summary>The same inputs in each run, or others with another number in the environment variable <c>FUZZ_SEED</c>.</summary>
    public Fuzzer(params byte[][] samples)
    {
        _samples = samples;
        Seed = int.TryParse(Environment.GetEnvironmentVariable("FUZZ_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed : DefaultSeed;
        Random = new Random(Seed);
    }

    public int Seed { get; }

    public Random Random { get; }

    /// <summary>The input as it is now.</summary>
    public ReadOnlySpan<byte> Input => _buffer.AsSpan(0, _length);

    /// <summary>A sample with up to four changes, one of sixteen times unchanged; or, one of eight times, random bytes.</summary>
    public void Next()
    {
        _case++;
        if (Random.Next(8) == 0)
        {
            Randomise();
            return;
        }

        var sample = _samples[Random.Next(_samples.Length)];
        sample.CopyTo(_buffer, 0);
        _length = sample.Length;
        for (var changes = Random.Next(16) == 0 ? 0 : 1 + Random.Next(4); changes > 0; changes--)
        {
            Change();
        }
    }

    /// <summary>Changes the bytes behind the input to one value.</summary>
    public void SetBeyond(byte value) => _buffer.AsSpan(_length, BeyondLength).Fill(value);

    /// <summary>A part of the input from its first byte on.</summary>
    public ReadOnlySpan<byte> Prefix() => _buffer.AsSpan(0, Random.Next(_length + 1));

    /// <summary>Fails the test unless the condition holds, and says how to see the case again.</summary>
    public void Check(bool condition, string what)
    {
        if (!condition)
        {
            Assert.Fail($"{what}: case {_case} of FUZZ_SEED={Seed}, input {Convert.ToHexString(Input)}");
        }
    }

    private void Randomise()
    {
        _length = Random.Next(128);
        Random.NextBytes(_buffer.AsSpan(0, _length));

        // Random bytes alone would all be rejected at the first.
        var sample = _samples[Random.Next(_samples.Length)];
        sample.AsSpan(0, Math.Min(Random.Next(32), Math.Min(sample.Length, _length))).CopyTo(_buffer);
    }

    private void Change()
    {
        if (_length == 0)
        {
            return;
        }

        // Most of what matters is at the beginning.
        var at = Random.Next(Random.Next(2) == 0 ? Math.Min(_length, 64) : _length);
        switch (Random.Next(8))
        {
            case 0:
                _buffer[at] ^= (byte)(1 << Random.Next(8));
                break;
            case 1:
                _buffer[at] = (byte)Random.Next(256);
                break;
            case 2:
                _buffer[at] = Telling[Random.Next(Telling.Length)];
                break;
            case 3:
                _buffer[at]++;
                break;
            case 4:
                _buffer[at]--;
                break;
            case 5:
                _length = at;
                break;
            case 6:
                var removed = Math.Min(1 + Random.Next(8), _length - at);
                _buffer.AsSpan((at + removed).._length).CopyTo(_buffer.AsSpan(at));
                _length -= removed;
                break;
            default:
                // Repeats some bytes in place.
                var repeated = Math.Min(Math.Min(1 + Random.Next(8), _length - at), MaxLength - _length);
                _buffer.AsSpan(at.._length).CopyTo(_buffer.AsSpan(at + repeated));
                _length += repeated;
                break;
        }
    }
}

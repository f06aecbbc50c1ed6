using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Caching;

/// <summary>
/// The directives of a <c>Cache-Control</c> field (RFC 9111 section 5.2, RFC 5861), of a request or of an answer.
/// Parsing allocates only where field names are listed.
/// </summary>
internal struct CacheControl
{
    /// <summary>The most that a number of seconds can say; larger ones are as good as this (RFC 9111 section 1.2.2).</summary>
    private const int MostSeconds = int.MaxValue;

    public bool NoStore { get; private set; }

    /// <summary>Without field names: nothing of the answer may be used unasked.</summary>
    public bool NoCache { get; private set; }

    /// <summary>Without field names: the answer is for one client.</summary>
    public bool Private { get; private set; }

    public bool Public { get; private set; }

    public bool MustRevalidate { get; private set; }

    public bool ProxyRevalidate { get; private set; }

    /// <summary>Whether stale answers are forbidden to a cache that clients share.</summary>
    public readonly bool ForbidsStale => MustRevalidate || ProxyRevalidate;

    public bool MustUnderstand { get; private set; }

    public bool OnlyIfCached { get; private set; }

    /// <summary>Seconds; 0 where the value cannot be read, which is the careful reading (RFC 9111 section 4.2.1).</summary>
    public int? MaxAge { get; private set; }

    public int? SharedMaxAge { get; private set; }

    public int? StaleWhileRevalidate { get; private set; }

    public int? StaleIfError { get; private set; }

    public int? MinFresh { get; private set; }

    /// <summary>Seconds; without a value, any age will do.</summary>
    public int? MaxStale { get; private set; }

    /// <summary>Fields that <c>no-cache</c> and <c>private</c> name: they are not stored, the rest is.</summary>
    public List<string>? WithheldFields { get; private set; }

    public static CacheControl Parse(StringValues lines)
    {
        var control = new CacheControl();
        foreach (var line in lines)
        {
            control.Read(line);
        }

        return control;
    }

    private void Read(ReadOnlySpan<char> line)
    {
        while (!line.IsEmpty)
        {
            var end = HeaderList.EndOfMember(line);
            Take(line[..end].Trim());
            line = end == line.Length ? [] : line[(end + 1)..];
        }
    }

    private void Take(ReadOnlySpan<char> directive)
    {
        var equals = directive.IndexOf('=');
        var name = (equals < 0 ? directive : directive[..equals]).TrimEnd();
        // A space behind the sign belongs to the value, and spoils a number.
        ReadOnlySpan<char> value = equals < 0 ? [] : directive[(equals + 1)..];
        if (Is(name, "no-store"))
        {
            NoStore = true;
        }
        else if (Is(name, "no-cache"))
        {
            NoCache |= !TryWithhold(value);
        }
        else if (Is(name, "private"))
        {
            Private |= !TryWithhold(value);
        }
        else if (Is(name, "public"))
        {
            Public = true;
        }
        else if (Is(name, "must-revalidate"))
        {
            MustRevalidate = true;
        }
        else if (Is(name, "proxy-revalidate"))
        {
            ProxyRevalidate = true;
        }
        else if (Is(name, "must-understand"))
        {
            MustUnderstand = true;
        }
        else if (Is(name, "only-if-cached"))
        {
            OnlyIfCached = true;
        }
        else
        {
            TakeSeconds(name, value);
        }
    }

    // Of directives that come twice the first counts (RFC 9111 section 4.2.1).
    private void TakeSeconds(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        if (Is(name, "max-age"))
        {
            MaxAge ??= Seconds(value);
        }
        else if (Is(name, "s-maxage"))
        {
            SharedMaxAge ??= Seconds(value);
        }
        else if (Is(name, "stale-while-revalidate"))
        {
            StaleWhileRevalidate ??= Seconds(value);
        }
        else if (Is(name, "stale-if-error"))
        {
            StaleIfError ??= Seconds(value);
        }
        else if (Is(name, "min-fresh"))
        {
            MinFresh ??= Seconds(value);
        }
        else if (Is(name, "max-stale"))
        {
            MaxStale ??= value.IsEmpty ? MostSeconds : Seconds(value);
        }
    }

    private bool TryWithhold(ReadOnlySpan<char> value)
    {
        var names = value.Trim().Trim('"');
        var any = false;
        foreach (var range in names.Split(','))
        {
            var name = names[range].Trim();
            if (!name.IsEmpty)
            {
                (WithheldFields ??= []).Add(name.ToString());
                any = true;
            }
        }

        return any;
    }

    /// <summary>Seconds as RFC 9111 section 1.2.2 writes them, in quotes or not; 0 for anything else.</summary>
    private static int Seconds(ReadOnlySpan<char> value) => HeaderList.TryReadSeconds(value is ['"', .. var inner, '"'] ? inner : value, out var seconds) ? seconds : 0;

    private static bool Is(ReadOnlySpan<char> name, string directive) => name.Equals(directive, StringComparison.OrdinalIgnoreCase);
}

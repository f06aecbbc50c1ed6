using System.Globalization;

namespace Backend;

/// <summary>Where the backend listens: one process stands for as many backends as it has ports.</summary>
internal sealed record BackendOptions(int[] Http1, int[] Http2, int[] Https, string? Certificate, int[] Slow, TimeSpan Delay)
{
    /// <summary>Reads <c>--http1 5001,5002 --http2 5003 --https 5004 --certificate FILE --slow 5002 --delay 50</c> (milliseconds).</summary>
    public static BackendOptions Read(string[] args)
    {
        var configuration = new ConfigurationBuilder().AddCommandLine(args).Build();
        return new(
            Ports(configuration["http1"]),
            Ports(configuration["http2"]),
            Ports(configuration["https"]),
            configuration["certificate"],
            Ports(configuration["slow"]),
            TimeSpan.FromMilliseconds(int.Parse(configuration["delay"] ?? "0", CultureInfo.InvariantCulture)));
    }

    private static int[] Ports(string? text) =>
        [.. (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(port => int.Parse(port, CultureInfo.InvariantCulture))];
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer4.Nat;

/// <summary>The kernel's connection table: read from its file where that may be read, by the program conntrack otherwise.</summary>
/// <param name="program">The program, where it is installed.</param>
/// <param name="file">The kernel's file.</param>
internal sealed class Conntrack(SystemTool? program, string file = Conntrack.KernelFile)
{
    /// <summary>The kernel's table as a file, see proc_net(5); it is not built into every kernel, and only root reads it.</summary>
    public const string KernelFile = "/proc/net/nf_conntrack";

    /// <summary>Reads the connections to addresses of a port that are translated.</summary>
    /// <param name="protocol">TCP or UDP.</param>
    /// <param name="port">The port that clients connect to.</param>
    /// <returns>The connections.</returns>
    /// <exception cref="NatException">Neither way works.</exception>
    public async Task<IReadOnlyList<ConntrackEntry>> ReadAsync(Layer4Protocol protocol, int port) =>
        Parse(await ReadLinesAsync(protocol, port), protocol, port);

    /// <summary>Makes the kernel forget connections: their next packet finds no translation.</summary>
    /// <param name="entries">The connections; those that have ended are skipped.</param>
    /// <exception cref="NatException">The program is missing or refuses.</exception>
    public async Task ForgetAsync(IReadOnlyList<ConntrackEntry> entries)
    {
        if (entries.Count == 0)
        {
            return;
        }

        if (program is null)
        {
            throw new NatException("connections cannot be ended: the program conntrack (package conntrack) is not installed");
        }

        var result = await program.RunAsync(["-R", "-"], string.Concat(entries.Select(entry => string.Create(
            CultureInfo.InvariantCulture,
            $"-D -f {Family(entry.Client)} -p {Name(entry.Protocol)} --orig-src {entry.Client.Address} --orig-dst {entry.Address.Address} --orig-port-src {entry.Client.Port} --orig-port-dst {entry.Address.Port}\n"))));
        if (result.ExitCode != 0)
        {
            throw new NatException($"conntrack: {result.Reason}");
        }
    }

    /// <summary>Reads lines of the kernel's file, or of <c>conntrack -L -o extended</c>, which are alike.</summary>
    /// <param name="lines">The lines; those of other protocols, ports and machines are skipped.</param>
    /// <param name="protocol">TCP or UDP.</param>
    /// <param name="port">The port that clients connect to.</param>
    public static IReadOnlyList<ConntrackEntry> Parse(IEnumerable<string> lines, Layer4Protocol protocol, int port)
    {
        var entries = new List<ConntrackEntry>();
        var wanted = string.Create(CultureInfo.InvariantCulture, $" dport={port} ");
        var name = Name(protocol);
        foreach (var line in lines)
        {
            // Most lines of a busy machine are others': they are told apart without being taken to pieces.
            if (line.Contains(wanted, StringComparison.Ordinal) && Parse(line, protocol, name) is { } entry && entry.Address.Port == port)
            {
                entries.Add(entry);
            }
        }

        return entries;
    }

    private static ConntrackEntry? Parse(string line, Layer4Protocol protocol, string name)
    {
        // Family, its number, protocol, its number; then the time-out, unless hardware has the connection; then the state of TCP.
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 6 || words[2] != name)
        {
            return null;
        }

        TimeSpan? timeout = int.TryParse(words[4], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) : null;
        var state = words.Skip(4).Take(2).FirstOrDefault(word => char.IsAsciiLetterUpper(word[0]));
        var values = words.Select(word => word.Split('=', 2)).Where(pair => pair.Length == 2).ToLookup(pair => pair[0], pair => pair[1]);
        if (EndPoint("src", "sport", 0) is not { } client || EndPoint("dst", "dport", 0) is not { } address
            || EndPoint("src", "sport", 1) is not { } backend || EndPoint("dst", "dport", 1) is not { } seenAs
            || backend.Equals(address))
        {
            return null;
        }

        return new(protocol, state, timeout, client, address, backend, seenAs, Bytes(0), Bytes(1));

        IPEndPoint? EndPoint(string host, string port, int direction) =>
            IPAddress.TryParse(values[host].ElementAtOrDefault(direction), out var ip)
            && ushort.TryParse(values[port].ElementAtOrDefault(direction), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? new IPEndPoint(ip, number)
                : null;

        long? Bytes(int direction) =>
            long.TryParse(values["bytes"].ElementAtOrDefault(direction), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : null;
    }

    private async Task<IEnumerable<string>> ReadLinesAsync(Layer4Protocol protocol, int port)
    {
        try
        {
            return await File.ReadAllLinesAsync(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (program is null)
            {
                throw new NatException($"the connection table cannot be read: {file} is not readable ({exception.Message}), and the program conntrack (package conntrack) is not installed");
            }
        }

        var lines = new List<string>();
        foreach (var family in new[] { "ipv4", "ipv6" })
        {
            var result = await program.RunAsync(["-L", "-f", family, "-p", Name(protocol), "--orig-port-dst", port.ToString(CultureInfo.InvariantCulture), "-o", "extended"]);
            if (result.ExitCode != 0)
            {
                throw new NatException($"conntrack: {result.Reason}");
            }

            lines.AddRange(result.Output.Split('\n'));
        }

        return lines;
    }

    private static string Family(IPEndPoint endPoint) => endPoint.AddressFamily == AddressFamily.InterNetwork ? "ipv4" : "ipv6";

    private static string Name(Layer4Protocol protocol) => protocol == Layer4Protocol.Tcp ? "tcp" : "udp";
}

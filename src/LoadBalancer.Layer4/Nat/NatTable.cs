using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace LoadBalancer.Layer4.Nat;

/// <summary>The table of this process in the kernel's ruleset: all that is ever changed there.</summary>
/// <remarks>
/// A table belongs to who holds the abstract Unix socket of its name (unix(7)). Like tables, these names live in the
/// network namespace, and the kernel frees them when their process ends, however it ends: a table whose name is free was
/// left by a process that crashed. Process numbers would not do: they are used again, and other containers do not see them.
/// </remarks>
internal sealed partial class NatTable : IAsyncDisposable
{
    private const int MostOfOneName = 100;

    private readonly SystemTool _nft;
    private readonly string _balancer;
    private readonly Socket _ownership;
    private readonly SemaphoreSlim _applying = new(1, 1);

    private NatTable(SystemTool nft, string name, string balancer, Socket ownership)
    {
        _nft = nft;
        Name = name;
        _balancer = balancer;
        _ownership = ownership;
    }

    /// <summary>The table's name.</summary>
    public string Name { get; }

    /// <summary>Removes what crashed processes left, and puts an empty table in place.</summary>
    /// <param name="nft">The program.</param>
    /// <param name="balancer">The balancer's name; more than one live process may have it.</param>
    /// <exception cref="NatException">nft refuses.</exception>
    public static async Task<NatTable> CreateAsync(SystemTool nft, string balancer)
    {
        var (name, ownership) = Own(NatRuleset.TableOf(balancer));
        var table = new NatTable(nft, name, balancer, ownership);
        try
        {
            await ApplyAsync(nft, table.EmptyTable);
            await RemoveAbandonedAsync(nft, name);
            return table;
        }
        catch
        {
            ownership.Dispose();
            throw;
        }
    }

    /// <summary>Runs a script: all of it, or nothing.</summary>
    /// <exception cref="NatException">nft refuses; nothing has changed.</exception>
    public async Task ApplyAsync(string script)
    {
        await _applying.WaitAsync();
        try
        {
            await ApplyAsync(_nft, script);
        }
        finally
        {
            _applying.Release();
        }
    }

    /// <summary>Whether a chain is there: others may flush the whole ruleset.</summary>
    /// <param name="chain">Its name.</param>
    /// <exception cref="NatException">nft cannot be run.</exception>
    public async Task<bool> HasAsync(string chain) => (await _nft.RunAsync(["list", "chain", "inet", Name, chain])).ExitCode == 0;

    /// <summary>Puts the table in place again, unless it is there.</summary>
    /// <exception cref="NatException">nft refuses.</exception>
    public async Task RestoreAsync()
    {
        await _applying.WaitAsync();
        try
        {
            if (!await HasAsync("translate"))
            {
                await ApplyAsync(_nft, EmptyTable);
            }
        }
        finally
        {
            _applying.Release();
        }
    }

    /// <summary>Reads the table's counters.</summary>
    /// <returns>First packets of connections, by counter.</returns>
    /// <exception cref="NatException">nft refuses.</exception>
    public async Task<IReadOnlyDictionary<string, long>> ReadCountersAsync()
    {
        var result = await _nft.RunAsync(["-j", "list", "counters", "table", "inet", Name]);
        return result.ExitCode == 0 ? ParseCounters(result.Output) : throw new NatException($"nft: {result.Reason}");
    }

    /// <summary>Reads what <c>nft -j list counters</c> says (libnftables-json(5)).</summary>
    public static IReadOnlyDictionary<string, long> ParseCounters(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.GetProperty("nftables").EnumerateArray()
            .Select(item => item.TryGetProperty("counter", out var counter) ? counter : default)
            .Where(counter => counter.ValueKind == JsonValueKind.Object)
            .ToDictionary(counter => counter.GetProperty("name").GetString()!, counter => counter.GetProperty("packets").GetInt64());
    }

    /// <summary>Removes the table; connections that are still translated break.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await ApplyAsync(NatRuleset.Delete(Name));
        }
        finally
        {
            _ownership.Dispose();
            _applying.Dispose();
        }
    }

    private string EmptyTable => NatRuleset.Create(Name, _balancer, Environment.ProcessId);

    private static (string Name, Socket Ownership) Own(string wanted)
    {
        for (var number = 1; number <= MostOfOneName; number++)
        {
            var name = number == 1 ? wanted : $"{wanted}_{number}";
            if (TryOwn(name) is { } ownership)
            {
                return (name, ownership);
            }
        }

        throw new NatException($"'{wanted}' and {MostOfOneName - 1} more tables like it belong to processes that live");
    }

    private static Socket? TryOwn(string table)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint($"\0nft/{table}"));
            return socket;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            socket.Dispose();
            return null;
        }
    }

    private static async Task RemoveAbandonedAsync(SystemTool nft, string own)
    {
        var tables = await nft.RunAsync(["list", "tables", "inet"]);
        foreach (var table in TableName().Matches(tables.Output).Select(match => match.Groups[1].Value).Where(table => table != own))
        {
            using var ownership = TryOwn(table);
            if (ownership is not null && (await nft.RunAsync(["list", "table", "inet", table])).Output.Contains($"comment \"{NatRuleset.CommentPrefix}", StringComparison.Ordinal))
            {
                await ApplyAsync(nft, NatRuleset.Delete(table));
            }
        }
    }

    private static async Task ApplyAsync(SystemTool nft, string script)
    {
        var result = await nft.RunAsync(["-f", "-"], script);
        if (result.ExitCode != 0)
        {
            throw new NatException($"nft: {result.Reason}");
        }
    }

    [GeneratedRegex("^table inet (" + NatRuleset.TablePrefix + "[a-z0-9_]+)$", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex TableName();
}

using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace LoadBalancer.Configuration;

/// <summary>Checks ranges, references and clashes that the types alone cannot express.</summary>
internal static partial class OptionsValidator
{
    public static void Validate(LoadBalancerOptions options, List<ConfigurationError> errors)
    {
        const string Root = LoadBalancerOptions.SectionName;
        var check = new Checks(errors);

        if (string.IsNullOrWhiteSpace(options.Name))
        {
            check.Fail($"{Root}:Name", "is empty; must be a name");
        }

        check.Range($"{Root}:DrainTimeout", options.DrainTimeout, TimeSpan.Zero, TimeSpan.FromHours(1));

        var bound = new Dictionary<ListenAddress, string>();
        var boundUdp = new Dictionary<ListenAddress, string>();
        if (check.Listen($"{Root}:Admin:Address", options.Admin.Address, bound) is { IsLoopback: false } admin)
        {
            check.Fail($"{Root}:Admin:Address", $"'{admin}' is not on loopback; must be localhost, 127.0.0.1 or [::1] and a port");
        }

        check.Secret($"{Root}:Admin:Token", options.Admin.Token);

        foreach (var (name, pool) in options.Pools)
        {
            Pool(name, pool, check);
        }

        foreach (var (name, listener) in options.Layer4.Listeners)
        {
            Layer4Listener($"{Root}:Layer4:Listeners:{name}", listener, options, listener.Protocol == Layer4Protocol.Udp ? boundUdp : bound, check);
        }

        Layer7($"{Root}:Layer7", options, bound, boundUdp, check);
    }

    /// <summary>Whether a text is <c>unix:</c> and an absolute path, which the operating system limits to 107 bytes.</summary>
    internal static bool IsUnixAddress(string text) =>
        text.StartsWith("unix:/", StringComparison.OrdinalIgnoreCase) && Encoding.UTF8.GetByteCount(text) is > 6 and <= 5 + 107 && !text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c));

    /// <summary>Whether a text is a token, as names of headers, cookies and methods are (RFC 9110 section 5.6.2).</summary>
    internal static bool IsToken(string text) => Token().IsMatch(text);

    private static void Pool(string poolName, PoolOptions pool, Checks check)
    {
        var key = $"{LoadBalancerOptions.SectionName}:Pools:{poolName}";
        if (!ServiceName().IsMatch(pool.Service ?? poolName))
        {
            var subject = pool.Service is { } service ? $"'{service}' is" : $"is missing, and '{poolName}' is";
            check.Fail($"{key}:Service", $"{subject} not a service name; must be [scheme://][_endpoint.]name, such as http://catalog");
        }

        var health = pool.HealthCheck;
        check.Range($"{key}:HealthCheck:Interval", health.Interval, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        check.Range($"{key}:HealthCheck:Timeout", health.Timeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
        check.Range($"{key}:HealthCheck:Rise", health.Rise, 1, 100);
        check.Range($"{key}:HealthCheck:Fall", health.Fall, 1, 100);
        check.Path($"{key}:HealthCheck:Path", health.Path);
        check.Length($"{key}:HealthCheck:Send", health.Send, 1024);
        check.Length($"{key}:HealthCheck:Expect", health.Expect, 1024);
        if (health is { Type: not HealthCheckType.Tcp } and ({ Send: not null } or { Expect: not null }))
        {
            check.Fail($"{key}:HealthCheck:Type", $"'{health.Type}' neither sends nor expects; Send and Expect need Tcp");
        }

        check.OptionalRange($"{key}:MaxConnections", pool.MaxConnections, 1, 1_000_000);
        check.Range($"{key}:QueueLength", pool.QueueLength, 0, 1_000_000);
        check.Range($"{key}:QueueTimeout", pool.QueueTimeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(10));
        check.Range($"{key}:PanicThreshold", pool.PanicThreshold, 0, 100);
        check.Range($"{key}:SlowStart", pool.SlowStart, TimeSpan.Zero, TimeSpan.FromHours(1));
        check.Range($"{key}:OutlierEjection:ConsecutiveFailures", pool.OutlierEjection.ConsecutiveFailures, 0, 1000);
        check.Range($"{key}:OutlierEjection:FailurePercent", pool.OutlierEjection.FailurePercent, 0, 100);
        check.Range($"{key}:OutlierEjection:Window", pool.OutlierEjection.Window, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        check.Range($"{key}:OutlierEjection:MinimumRequests", pool.OutlierEjection.MinimumRequests, 1, 1_000_000);
        check.Range($"{key}:LatencyDecay", pool.LatencyDecay, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10));
        check.Range($"{key}:OutlierEjection:BaseTime", pool.OutlierEjection.BaseTime, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        check.Range($"{key}:OutlierEjection:MaxTime", pool.OutlierEjection.MaxTime, TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1));
        check.Range($"{key}:HashTableSize", pool.HashTableSize, 251, 5_000_011);
        if (pool.HashTableSize is >= 251 and <= 5_000_011 && !IsPrime(pool.HashTableSize))
        {
            check.Fail($"{key}:HashTableSize", string.Create(CultureInfo.InvariantCulture, $"'{pool.HashTableSize}' is not a prime; the next is {NextPrime(pool.HashTableSize)}"));
        }

        foreach (var (name, backend) in pool.Backends)
        {
            check.Range($"{key}:Backends:{name}:Weight", backend.Weight, 1, 256);
            check.Range($"{key}:Backends:{name}:Priority", backend.Priority, 0, 15);
            check.OptionalRange($"{key}:Backends:{name}:MaxConnections", backend.MaxConnections, 1, 1_000_000);
            if (backend.Address is not { } address)
            {
                check.Fail($"{key}:Backends:{name}:Address", "is missing; must be host:port or unix:/path");
            }
            else if (IsUnixAddress(address))
            {
                if (pool.HttpVersion == BackendHttpVersion.Http3)
                {
                    check.Fail($"{key}:HttpVersion", $"'Http3' cannot be used with '{address}': QUIC needs a UDP port; must be one of Auto, Http1, Http2");
                }
            }
            else if (!HostAndPort().IsMatch(address) || !int.TryParse(address.AsSpan(address.LastIndexOf(':') + 1), CultureInfo.InvariantCulture, out var port) || port is < 1 or > IPEndPoint.MaxPort)
            {
                check.Fail($"{key}:Backends:{name}:Address", $"'{address}' is not an address; must be host:port or unix:/path");
            }
        }

        foreach (var twice in pool.Backends.GroupBy(pair => pair.Value.Address, StringComparer.OrdinalIgnoreCase).Where(group => group.Key is not null && group.Count() > 1))
        {
            check.Fail($"{key}:Backends", $"'{twice.Key}' is the address of {string.Join(" and ", twice.Select(pair => pair.Key))}; each must have its own");
        }
    }

    private static bool IsPrime(int value)
    {
        for (var divisor = 2; divisor * divisor <= value; divisor++)
        {
            if (value % divisor == 0)
            {
                return false;
            }
        }

        return true;
    }

    private static int NextPrime(int value)
    {
        while (!IsPrime(value))
        {
            value++;
        }

        return value;
    }

    // "\z" in all of them, since "$" would let a line feed at the end pass.
    // Scheme, endpoint name and host as Microsoft.Extensions.ServiceDiscovery splits them.
    [GeneratedRegex(@"^([A-Za-z][A-Za-z0-9.\-]*(\+[A-Za-z][A-Za-z0-9.\-]*)*://)?(_[A-Za-z0-9\-]+\.)?([A-Za-z0-9]([A-Za-z0-9.\-_]*)|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?\z", RegexOptions.CultureInvariant)]
    private static partial Regex ServiceName();

    [GeneratedRegex(@"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._\-]+):\d{1,5}\z", RegexOptions.CultureInvariant)]
    private static partial Regex HostAndPort();

    [GeneratedRegex(@"^((\*\.)?[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-]+)*|\[[0-9A-Fa-f:.]+\]|\*)(:\d{1,5})?\z", RegexOptions.CultureInvariant)]
    private static partial Regex HostPattern();

    [GeneratedRegex(@"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Token();

    private readonly struct Checks(List<ConfigurationError> errors)
    {
        public void Fail(string key, string message) => errors.Add(new(key, message));

        public void Range(string key, TimeSpan value, TimeSpan minimum, TimeSpan maximum)
        {
            if (value < minimum || value > maximum)
            {
                Fail(key, $"'{Text(value)}' is out of range; must be {Text(minimum)} to {Text(maximum)}");
            }
        }

        public static string Text(TimeSpan time) => time.Ticks % TimeSpan.TicksPerSecond == 0 ? $"{time:c}" : $"{time:c}".TrimEnd('0');

        public void Range(string key, long value, long minimum, long maximum)
        {
            if (value < minimum || value > maximum)
            {
                Fail(key, string.Create(CultureInfo.InvariantCulture, $"'{value}' is out of range; must be {minimum} to {maximum}"));
            }
        }

        public void OptionalRange(string key, long? value, long minimum, long maximum)
        {
            if (value is { } given)
            {
                Range(key, given, minimum, maximum);
            }
        }

        public void OptionalRange(string key, TimeSpan? value, TimeSpan minimum, TimeSpan maximum)
        {
            if (value is { } given)
            {
                Range(key, given, minimum, maximum);
            }
        }

        public void Secret(string key, string? value)
        {
            if (value is { Length: < 16 } or { Length: > 256 })
            {
                // The value is a secret, however bad.
                Fail(key, string.Create(CultureInfo.InvariantCulture, $"has {value.Length} characters; must have 16 to 256"));
            }
            else if (value?.All(c => c is > ' ' and <= '~') == false)
            {
                Fail(key, "has a character that is not allowed; must be printable ASCII without spaces");
            }
        }

        public void Token(string key, string? value, string what)
        {
            if (value is not null && !IsToken(value))
            {
                Fail(key, $"'{value}' is not {what}");
            }
        }

        public void Length(string key, string? value, int maximum)
        {
            if (value is { Length: 0 } || value?.Length > maximum)
            {
                Fail(key, string.Create(CultureInfo.InvariantCulture, $"has {value.Length} characters; must have 1 to {maximum}"));
            }
        }

        public void Networks(string key, string[] networks)
        {
            for (var i = 0; i < networks.Length; i++)
            {
                if (!Network.TryParse(networks[i], out _))
                {
                    Fail($"{key}:{i}", $"'{networks[i]}' is not a network; must be {Network.Allowed}");
                }
            }
        }

        public void Refuse(bool given, string key, string with, string because)
        {
            if (given)
            {
                Fail(key, $"cannot be used with {with}: {because}");
            }
        }

        public void ProxyProtocol(string key, AcceptProxyProtocolOptions? proxy)
        {
            if (proxy is null)
            {
                return;
            }

            Networks($"{key}:TrustedNetworks", proxy.TrustedNetworks);
            Range($"{key}:Timeout", proxy.Timeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
            if (proxy.TrustedNetworks.Length == 0)
            {
                Fail($"{key}:TrustedNetworks", $"is empty; must name the networks of the proxies in front, each {Network.Allowed}");
            }
        }

        public void Path(string key, string value)
        {
            if (!value.StartsWith('/') || value.Any(char.IsWhiteSpace))
            {
                Fail(key, $"'{value}' is not a path; must start with '/' and have no white space");
            }
        }

        public ListenAddress? Listen(string key, string? value, Dictionary<ListenAddress, string> bound)
        {
            if (!ListenAddress.TryParse(value, out var address))
            {
                Fail(key, value is null ? $"is missing; must be {ListenAddress.Allowed}" : $"'{value}' is not an address; must be {ListenAddress.Allowed}");
                return null;
            }

            Bind(key, address, bound);
            return address;
        }

        public void Bind(string key, ListenAddress address, Dictionary<ListenAddress, string> bound)
        {
            if (bound.FirstOrDefault(other => other.Key.Overlaps(address)) is { Value: { } holder })
            {
                Fail(key, $"'{address}' is taken by {holder}; each listener must have its own");
            }

            bound.TryAdd(address, key);
        }

        public void PoolReference(string key, string? pool, LoadBalancerOptions options)
        {
            if (pool is null || !options.Pools.ContainsKey(pool))
            {
                var allowed = options.Pools.Count == 0 ? "none is configured under LoadBalancer:Pools" : $"allowed are {string.Join(", ", options.Pools.Keys.Order(StringComparer.Ordinal))}";
                Fail(key, pool is null ? $"is missing; must be a pool: {allowed}" : $"'{pool}' is not a pool; {allowed}");
            }
        }
    }
}

using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>Configures a load balancer's pool: the replicas behind an endpoint, for all listeners and routes that lead to it.</summary>
[AspireExport(ExposeMethods = true)]
public sealed class BackendPoolBuilder
{
    private readonly BackendPool _pool;
    private readonly string _directory;

    internal BackendPoolBuilder(BackendPool pool, string directory)
    {
        _pool = pool;
        _directory = directory;
        Options = pool.Options;
        Own = pool.Members[0];
    }

    internal PoolOptions Options { get; private set; }

    /// <summary>Whether what a health check does was chosen.</summary>
    internal bool HasHealthCheck { get; private set; }

    /// <summary>Whether it was chosen how often replicas are checked, or how long that may take.</summary>
    internal bool HasHealthCheckTiming { get; private set; }

    /// <summary>The replicas that the pool is named after.</summary>
    internal PoolMember Own { get; private set; }

    internal List<PoolMember> Others { get; } = [];

    /// <summary>Opens the certificate that is presented to backends.</summary>
    internal ParameterResource? CertificatePassword { get; private set; }

    private BackendTlsOptions Tls => Options.BackendTls ?? new();

    /// <summary>Sets how a replica is picked where the listener or route does not say. Default: <see cref="SelectionPolicy.RoundRobin"/>.</summary>
    /// <param name="policy">The policy.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="policy"/> is not a policy.</exception>
    public BackendPoolBuilder WithPolicy(SelectionPolicy policy)
    {
        Contract.CheckDefined(policy, nameof(policy));
        return With(Options with { Policy = policy }, nameof(policy));
    }

    /// <summary>
    /// Sets the entries of the table of <see cref="SelectionPolicy.SourceHash"/> and <see cref="SelectionPolicy.ConsistentHash"/>. Default: 65,537.
    /// </summary>
    /// <param name="entries">A prime from 251 to 5,000,011; 100 times the number of replicas keeps their shares within a percent.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="entries"/> is out of range or not a prime.</exception>
    public BackendPoolBuilder WithHashTableSize(int entries) => With(Options with { HashTableSize = entries }, nameof(entries));

    /// <summary>Limits the connections and requests that one replica has at a time; while all are at the limit, more of them wait. Default: no limit.</summary>
    /// <param name="max">Most connections and requests at a time, 1 to 1,000,000.</param>
    /// <param name="queueLength">Those that may wait, 0 to 1,000,000; 0 refuses at once. Default: 1,000.</param>
    /// <param name="queueTimeout">Time after which one that waits is refused, 1 ms to 10 min. Default: 5 s.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    public BackendPoolBuilder WithMaxConnectionsPerReplica(int max, int? queueLength = null, TimeSpan? queueTimeout = null)
    {
        With(Options with { MaxConnections = max }, nameof(max));
        With(Options with { QueueLength = queueLength ?? Options.QueueLength }, nameof(queueLength));
        return With(Options with { QueueTimeout = queueTimeout ?? Options.QueueTimeout }, nameof(queueTimeout));
    }

    /// <summary>
    /// Checks a replica by a TCP connection. Default: so it is for TCP and HTTP endpoints, with nothing sent; replicas
    /// over UDP are taken to be healthy while they run.
    /// </summary>
    /// <param name="send">Text that is sent once connected, 1 to 1,024 characters. Default: nothing.</param>
    /// <param name="expect">Text that the answer must contain within the time-out, 1 to 1,024 characters. Default: a connection passes.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A text is empty or too long.</exception>
    public BackendPoolBuilder WithTcpHealthCheck(string? send = null, string? expect = null)
    {
        With(Options with { HealthCheck = Options.HealthCheck with { Type = HealthCheckType.Tcp, Send = send, Expect = null } }, nameof(send));
        HasHealthCheck = true;
        return With(Options with { HealthCheck = Options.HealthCheck with { Expect = expect } }, nameof(expect));
    }

    /// <summary>Checks a replica by <c>GET</c>: a status from 200 to 399 passes. Default: a TCP connection.</summary>
    /// <param name="path">The path, starting with <c>/</c>. Default: <c>/</c>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="path"/> is not a path.</exception>
    public BackendPoolBuilder WithHttpHealthCheck(string path = "/")
    {
        ArgumentNullException.ThrowIfNull(path);
        HasHealthCheck = true;
        return With(Options with { HealthCheck = Options.HealthCheck with { Type = HealthCheckType.Http, Path = path, Send = null, Expect = null } }, nameof(path));
    }

    /// <summary>Takes every replica that runs to be healthy, until the traffic itself fails. Default: a TCP connection is the check.</summary>
    /// <returns>This builder.</returns>
    public BackendPoolBuilder WithoutHealthCheck()
    {
        HasHealthCheck = true;
        return With(Options with { HealthCheck = Options.HealthCheck with { Type = HealthCheckType.None, Send = null, Expect = null } }, nameof(WithoutHealthCheck));
    }

    /// <summary>Sets how often a replica is checked, and how many checks change its state.</summary>
    /// <param name="interval">Time from one check of a replica to the next, 100 ms to 1 h. Default: 1 s; 2 s where the resource's own HTTP health check is asked, 10 s at an external service.</param>
    /// <param name="timeout">Time after which a check has failed, 10 ms to 1 min. Default: 1 s; 5 s at an external service.</param>
    /// <param name="rise">Consecutive passes that make an unhealthy replica healthy again, 1 to 100. Default: 1.</param>
    /// <param name="fall">Consecutive failures that make a healthy replica unhealthy, 1 to 100. Default: 2.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    public BackendPoolBuilder WithHealthCheckTiming(TimeSpan? interval = null, TimeSpan? timeout = null, int? rise = null, int? fall = null)
    {
        HasHealthCheckTiming |= interval is not null || timeout is not null;
        With(Options with { HealthCheck = Options.HealthCheck with { Interval = interval ?? Options.HealthCheck.Interval } }, nameof(interval));
        With(Options with { HealthCheck = Options.HealthCheck with { Timeout = timeout ?? Options.HealthCheck.Timeout } }, nameof(timeout));
        With(Options with { HealthCheck = Options.HealthCheck with { Rise = rise ?? Options.HealthCheck.Rise } }, nameof(rise));
        return With(Options with { HealthCheck = Options.HealthCheck with { Fall = fall ?? Options.HealthCheck.Fall } }, nameof(fall));
    }

    /// <summary>
    /// Sets when a replica that fails the traffic itself is ejected for a time, whatever its health checks say.
    /// A failure is a connection that could not be made, or one that was reset before the replica's first byte; and on
    /// Layer 7, if <paramref name="serverErrors"/> says so, an answer with a status from 500 to 599.
    /// </summary>
    /// <param name="consecutiveFailures">Consecutive failures that eject a replica, 0 to 1,000; 0 never ejects. Default: 5.</param>
    /// <param name="baseTime">Time of the first ejection, 100 ms to 1 h; doubles with each one that follows. Default: 5 s.</param>
    /// <param name="maxTime">Longest ejection, 100 ms to 1 d; a replica without one for this long starts from <paramref name="baseTime"/> again. Default: 5 min.</param>
    /// <param name="serverErrors">Whether Layer 7 also counts answers with a status from 500 to 599 as failures. Default: no.</param>
    /// <param name="failurePercent">Failures in percent of the connections and requests in <paramref name="window"/> that eject a replica, 0 to 100; 0 never does. Default: 0.</param>
    /// <param name="window">Time over which <paramref name="failurePercent"/> is counted, 1 s to 10 min. Default: 10 s.</param>
    /// <param name="minimumRequests">Connections and requests in <paramref name="window"/> below which <paramref name="failurePercent"/> ejects nobody, 1 to 1,000,000. Default: 20.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    public BackendPoolBuilder WithOutlierEjection(
        int consecutiveFailures = 5,
        TimeSpan? baseTime = null,
        TimeSpan? maxTime = null,
        bool serverErrors = false,
        int failurePercent = 0,
        TimeSpan? window = null,
        int? minimumRequests = null)
    {
        With(Options with { OutlierEjection = Options.OutlierEjection with { ServerErrors = serverErrors } }, nameof(serverErrors));
        With(Options with { OutlierEjection = Options.OutlierEjection with { FailurePercent = failurePercent } }, nameof(failurePercent));
        With(Options with { OutlierEjection = Options.OutlierEjection with { Window = window ?? Options.OutlierEjection.Window } }, nameof(window));
        With(Options with { OutlierEjection = Options.OutlierEjection with { MinimumRequests = minimumRequests ?? Options.OutlierEjection.MinimumRequests } }, nameof(minimumRequests));
        With(Options with { OutlierEjection = Options.OutlierEjection with { ConsecutiveFailures = consecutiveFailures } }, nameof(consecutiveFailures));
        With(Options with { OutlierEjection = Options.OutlierEjection with { BaseTime = baseTime ?? Options.OutlierEjection.BaseTime } }, nameof(baseTime));
        return With(Options with { OutlierEjection = Options.OutlierEjection with { MaxTime = maxTime ?? Options.OutlierEjection.MaxTime } }, nameof(maxTime));
    }

    /// <summary>
    /// Sets the share of replicas that may be unhealthy or ejected; when more are, all are used, since checks that fail
    /// everywhere are more likely wrong than right. Default: 50.
    /// </summary>
    /// <param name="percent">0 to 100; 100 never uses an unhealthy replica.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="percent"/> is out of range.</exception>
    public BackendPoolBuilder WithPanicThreshold(int percent) => With(Options with { PanicThreshold = percent }, nameof(percent));

    /// <summary>Sets the time in which the share of a replica that has become healthy again grows from nothing to the whole. Default: the whole at once.</summary>
    /// <param name="time">0 to 1 h.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="time"/> is out of range.</exception>
    public BackendPoolBuilder WithSlowStart(TimeSpan time) => With(Options with { SlowStart = time }, nameof(time));

    /// <summary>Sets the time in which a latency seen by <see cref="SelectionPolicy.PeakEwma"/> loses 63 % of its weight. Default: 10 s.</summary>
    /// <param name="time">100 ms to 10 min; a short one follows changes sooner.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="time"/> is out of range.</exception>
    public BackendPoolBuilder WithLatencyDecay(TimeSpan time) => With(Options with { LatencyDecay = time }, nameof(time));

    /// <summary>
    /// Sets the HTTP version that is spoken to replicas. For Layer 7.
    /// Default: <see cref="BackendHttpVersion.Auto"/>, to <c>https</c> what the handshake decides, to <c>http</c> HTTP/1.1, and HTTP/2 for gRPC.
    /// </summary>
    /// <param name="version">The version; <see cref="BackendHttpVersion.Http3"/> needs <c>https</c> and a machine that has QUIC.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="version"/> is not a version.</exception>
    public BackendPoolBuilder WithHttpVersion(BackendHttpVersion version)
    {
        Contract.CheckDefined(version, nameof(version));
        return With(Options with { HttpVersion = version }, nameof(version));
    }

    /// <summary>
    /// Sets who vouches for replicas over <c>https</c>, and the name that their certificates must have. For Layer 7.
    /// Default: the machine's authorities, with those that Aspire adds, and the host in the replica's address.
    /// </summary>
    /// <param name="trustedCa">File (PEM or DER) with the authorities, instead of the machine's; relative to the AppHost's folder.</param>
    /// <param name="serverName">Name that is sent (SNI) and that certificates must have.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="trustedCa"/> is empty, or <paramref name="serverName"/> is not a server name, or any certificate will do already.</exception>
    public BackendPoolBuilder WithBackendTls(string? trustedCa = null, string? serverName = null)
    {
        if (trustedCa is not null)
        {
            With(Options with { BackendTls = Tls with { TrustedCa = PathOf(trustedCa, nameof(trustedCa)) } }, nameof(trustedCa));
        }

        return With(Options with { BackendTls = Tls with { ServerName = serverName ?? Tls.ServerName } }, nameof(serverName));
    }

    /// <summary>Presents a certificate to replicas over <c>https</c>. For Layer 7. Default: none.</summary>
    /// <param name="path">PEM file (certificate, then intermediates; the key may be in it) or PFX file, relative to the AppHost's folder; read again when it changes.</param>
    /// <param name="keyPath">PEM file of the private key. Default: the key is in <paramref name="path"/>.</param>
    /// <param name="password">Secret that opens the encrypted key or the PFX file. Default: none.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A path is empty, or <paramref name="password"/> is not a secret, so that the dashboard would show it.</exception>
    public BackendPoolBuilder WithClientCertificate(string path, string? keyPath = null, IResourceBuilder<ParameterResource>? password = null)
    {
        if (password is not null)
        {
            Contract.CheckSecret(password, nameof(password));
        }

        var certificate = new BackendCertificateOptions { Path = PathOf(path, nameof(path)), KeyPath = keyPath is null ? null : PathOf(keyPath, nameof(keyPath)) };
        With(Options with { BackendTls = Tls with { ClientCertificate = certificate } }, nameof(path));
        CertificatePassword = password?.Resource;
        return this;
    }

    /// <summary>
    /// INSECURE: takes any certificate of replicas over <c>https</c>, expired, self-signed or of another name. Whoever
    /// can answer at a replica's address can read and change everything. For Layer 7. Default: certificates are checked.
    /// </summary>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">Authorities were set, which would then not count.</exception>
    public BackendPoolBuilder WithInsecureAllowUntrusted() => With(Options with { BackendTls = Tls with { InsecureAllowUntrusted = true } }, nameof(WithInsecureAllowUntrusted));

    /// <summary>
    /// Starts each connection to a replica with a PROXY protocol header, so that it learns the client's address.
    /// For Layer 4 over TCP, and replicas that read the header. Default: none is sent.
    /// </summary>
    /// <param name="version">The version of the header. Default: <see cref="ProxyProtocolVersion.V2"/>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="version"/> is not a version.</exception>
    public BackendPoolBuilder WithProxyProtocol(ProxyProtocolVersion version = ProxyProtocolVersion.V2)
    {
        Contract.CheckDefined(version, nameof(version));
        return With(Options with { SendProxyProtocol = version }, nameof(version));
    }

    /// <summary>Sets the share of each replica's work relative to those that <see cref="WithBackend"/> adds. Default: 1.</summary>
    /// <param name="weight">1 to 256. <see cref="SelectionPolicy.RoundRobin"/> and <see cref="SelectionPolicy.First"/> do not use weights.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="weight"/> is out of range.</exception>
    public BackendPoolBuilder WithWeight(int weight)
    {
        Contract.Check(new BackendOptions { Weight = weight }, nameof(weight));
        Own = Own with { Weight = weight };
        return this;
    }

    /// <summary>Sets the tier of the replicas: a tier is used only while no lower one has a healthy replica. Default: 0.</summary>
    /// <param name="priority">0 to 15.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="priority"/> is out of range.</exception>
    public BackendPoolBuilder WithPriority(int priority)
    {
        Contract.Check(new BackendOptions { Priority = priority }, nameof(priority));
        Own = Own with { Priority = priority };
        return this;
    }

    /// <summary>Adds the replicas behind another endpoint, such as those of a new version or of a spare. Default: none.</summary>
    /// <param name="backend">The endpoint, of the pool's own scheme.</param>
    /// <param name="weight">Share of each replica's work relative to the others, 1 to 256. Default: 1.</param>
    /// <param name="priority">Tier of the replicas, 0 to 15: it is used only while no lower one has a healthy replica. Default: 0.</param>
    /// <param name="maxConnections">Most connections and requests that each may have at a time, 1 to 1,000,000. Default: as <see cref="WithMaxConnectionsPerReplica"/> says.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A number is out of range, or <paramref name="backend"/> is in the pool already.</exception>
    /// <example>
    /// <code lang="csharp">
    /// edge.WithPool(catalog, p => p
    ///     .WithPolicy(SelectionPolicy.WeightedRoundRobin).WithWeight(9)
    ///     .WithBackend(next.GetEndpoint("http"), weight: 1)
    ///     .WithBackend(spare.GetEndpoint("http"), priority: 1));
    /// </code>
    /// </example>
    public BackendPoolBuilder WithBackend(EndpointReference backend, int weight = 1, int priority = 0, int? maxConnections = null)
    {
        ArgumentNullException.ThrowIfNull(backend);
        Contract.Check(new BackendOptions { Weight = weight }, nameof(weight));
        Contract.Check(new BackendOptions { Priority = priority }, nameof(priority));
        Contract.Check(new BackendOptions { MaxConnections = maxConnections }, nameof(maxConnections));
        if (Own.IsFor(backend) || Others.Exists(other => other.IsFor(backend)))
        {
            throw new ArgumentException($"The pool '{_pool.Name}' has the endpoint '{backend.EndpointName}' of '{backend.Resource.Name}' already; an endpoint must be in it once.", nameof(backend));
        }

        Others.Add(new(backend) { Weight = weight, Priority = priority, MaxConnections = maxConnections });
        return this;
    }

    private string PathOf(string path, string argument)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path, argument);
        return Path.GetFullPath(path, _directory);
    }

    private BackendPoolBuilder With(PoolOptions options, string argument)
    {
        Contract.Check(options, argument);
        Options = options;
        return this;
    }
}

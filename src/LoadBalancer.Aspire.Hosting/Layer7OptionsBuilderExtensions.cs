using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>Configures what holds for all listeners and routes of a Layer 7 load balancer.</summary>
public static class Layer7OptionsBuilderExtensions
{
    /// <summary>Sets what every listener takes at most, whatever the route. What is not given stays as it is.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="maxConnections">Client connections at a time on all listeners together, 1 to 1,000,000; more are closed at once. Default: no limit.</param>
    /// <param name="maxRequestHeadersSize">Bytes that the headers of a request may have together, 1,024 to 1,048,576; more are answered with 431. Default: 32,768.</param>
    /// <param name="maxRequestLineSize">Bytes that the request line may have, 256 to 65,536; more are answered with 414. Default: 8,192.</param>
    /// <param name="requestHeadersTimeout">Time in which the headers of a request must come, 1 s to 5 min. Default: 30 s.</param>
    /// <param name="keepAliveTimeout">Time that a client connection may stay open without a request, 1 s to 1 h. Default: 130 s.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    [AspireExport]
    public static IResourceBuilder<Layer7LoadBalancerResource> WithLimits(
        this IResourceBuilder<Layer7LoadBalancerResource> builder,
        int? maxConnections = null,
        int? maxRequestHeadersSize = null,
        int? maxRequestLineSize = null,
        TimeSpan? requestHeadersTimeout = null,
        TimeSpan? keepAliveTimeout = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder
            .With(options => options with { Limits = options.Limits with { MaxConnections = maxConnections ?? options.Limits.MaxConnections } }, nameof(maxConnections))
            .With(options => options with { Limits = options.Limits with { MaxRequestHeadersSize = maxRequestHeadersSize ?? options.Limits.MaxRequestHeadersSize } }, nameof(maxRequestHeadersSize))
            .With(options => options with { Limits = options.Limits with { MaxRequestLineSize = maxRequestLineSize ?? options.Limits.MaxRequestLineSize } }, nameof(maxRequestLineSize))
            .With(options => options with { Limits = options.Limits with { RequestHeadersTimeout = requestHeadersTimeout ?? options.Limits.RequestHeadersTimeout } }, nameof(requestHeadersTimeout))
            .With(options => options with { Limits = options.Limits with { KeepAliveTimeout = keepAliveTimeout ?? options.Limits.KeepAliveTimeout } }, nameof(keepAliveTimeout));
    }

    /// <summary>Sets the headers by which backends learn who the client is and what it asked for. Default: <see cref="ForwardedHeadersMode.XForwarded"/>.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="mode">The headers.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="mode"/> is not a mode.</exception>
    [AspireExport]
    public static IResourceBuilder<Layer7LoadBalancerResource> WithForwardedHeaders(this IResourceBuilder<Layer7LoadBalancerResource> builder, ForwardedHeadersMode mode)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Contract.CheckDefined(mode, nameof(mode));
        return builder.With(options => options with { ForwardedHeaders = options.ForwardedHeaders with { Mode = mode } }, nameof(mode));
    }

    /// <summary>
    /// Believes the forwarded headers of proxies in front, and adds to them; what all others send under these names is
    /// dropped. Default: nobody is believed. May be called again to add more.
    /// </summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="networks">Networks in CIDR form or single addresses, such as <c>10.0.0.0/8</c> or <c>::1</c>.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException">One of <paramref name="networks"/> is not a network, or there is none.</exception>
    [AspireExport]
    public static IResourceBuilder<Layer7LoadBalancerResource> WithTrustedProxies(this IResourceBuilder<Layer7LoadBalancerResource> builder, params string[] networks)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Contract.NotEmpty(networks, nameof(networks));
        return builder.With(options => options with { ForwardedHeaders = options.ForwardedHeaders with { TrustedNetworks = [.. options.ForwardedHeaders.TrustedNetworks, .. networks] } }, nameof(networks));
    }

    /// <summary>Takes only requests for these hosts; others are answered with 421. Default: every host. May be called again to add more.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="hosts">Host names without ports, with an optional <c>*.</c> in front.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException">One of <paramref name="hosts"/> is not a host name, or there is none.</exception>
    [AspireExport]
    public static IResourceBuilder<Layer7LoadBalancerResource> WithAllowedHosts(this IResourceBuilder<Layer7LoadBalancerResource> builder, params string[] hosts)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Contract.NotEmpty(hosts, nameof(hosts));
        return builder.With(options => options with { AllowedHosts = [.. options.AllowedHosts, .. hosts] }, nameof(hosts));
    }

    /// <summary>Sets the memory that all caching routes share.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="maxSize">Bytes of stored answers with their headers, 1,048,576 to 2,000,000,000; the least used go first. Default: 67,108,864 (64 MiB).</param>
    /// <param name="maxEntrySize">Bytes of the largest answer that is stored, 1,024 to 1,000,000,000, at most <paramref name="maxSize"/>. Default: 8,388,608 (8 MiB).</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    [AspireExport]
    public static IResourceBuilder<Layer7LoadBalancerResource> WithCacheSize(this IResourceBuilder<Layer7LoadBalancerResource> builder, int maxSize, int? maxEntrySize = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder
            .With(options => options with { Cache = options.Cache with { MaxSize = maxSize } }, nameof(maxSize))
            .With(options => options with { Cache = options.Cache with { MaxEntrySize = maxEntrySize ?? options.Cache.MaxEntrySize } }, nameof(maxEntrySize));
    }

    /// <summary>Writes one line a request to the balancer's console log, and to a file when one is named. Default: none.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="file">File that gets a line a request as well, relative to the AppHost's folder, in a folder that exists. Default: only the log.</param>
    /// <param name="format">Form of the file's lines. Default: <see cref="AccessLogFormat.Combined"/>.</param>
    /// <param name="maxFileSize">Bytes after which the file becomes <c>name.1</c> and a new one begins, 65,536 to 2,000,000,000. Default: 100,000,000.</param>
    /// <param name="keptFiles">Older files that are kept, 0 to 100. Default: 5.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException">A value is not allowed, or <paramref name="format"/> is given and <paramref name="file"/> is not.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="format"/> is not a format.</exception>
    [AspireExport]
    public static IResourceBuilder<Layer7LoadBalancerResource> WithAccessLog(
        this IResourceBuilder<Layer7LoadBalancerResource> builder,
        string? file = null,
        AccessLogFormat format = AccessLogFormat.Combined,
        int? maxFileSize = null,
        int? keptFiles = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Contract.CheckDefined(format, nameof(format));
        if (file is not null)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(file);
            file = Path.GetFullPath(file, builder.ApplicationBuilder.AppHostDirectory);
        }

        var log = new AccessLogOptions { File = file };
        return builder
            .With(options => options with { AccessLog = log }, nameof(file))
            .With(options => options with { AccessLog = log = log with { Format = format } }, nameof(format))
            .With(options => options with { AccessLog = log = log with { MaxFileSize = maxFileSize ?? log.MaxFileSize } }, nameof(maxFileSize))
            .With(options => options with { AccessLog = log with { KeptFiles = keptFiles ?? log.KeptFiles } }, nameof(keptFiles));
    }

    /// <summary>Sets whether error answers say backends' addresses and causes. Default: only where the AppHost's environment is Development.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="detailed">Whether they do.</param>
    /// <returns>The load balancer's builder.</returns>
    [AspireExport]
    public static IResourceBuilder<Layer7LoadBalancerResource> WithDetailedErrors(this IResourceBuilder<Layer7LoadBalancerResource> builder, bool detailed = true)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.With(options => options with { DetailedErrors = detailed }, nameof(detailed));
    }

    /// <summary>
    /// Sets the key that signs what clients bring back for affinity and splits. Default: 32 letters and digits, new for
    /// each run, unless the configuration has <c>Parameters:&lt;name&gt;-affinity-key</c>.
    /// </summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="key">A secret of 16 to 256 printable ASCII characters without spaces; with another one the balancer does not start.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="key"/> is not a secret, so that the dashboard would show it.</exception>
    [AspireExport]
    public static IResourceBuilder<Layer7LoadBalancerResource> WithAffinityKey(this IResourceBuilder<Layer7LoadBalancerResource> builder, IResourceBuilder<ParameterResource> key)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Contract.CheckSecret(key, nameof(key));
        builder.Resource.AffinityKeyParameter = key.Resource;
        return builder;
    }

    private static IResourceBuilder<Layer7LoadBalancerResource> With(this IResourceBuilder<Layer7LoadBalancerResource> builder, Func<Layer7Options, Layer7Options> change, string argument)
    {
        var options = change(builder.Resource.Options);
        Contract.Check(options, argument);
        builder.Resource.Options = options;
        return builder;
    }
}

namespace LoadBalancer.Configuration.Statistics;

/// <summary>The file of the access log.</summary>
/// <param name="File">Its path.</param>
/// <param name="Written">Lines that were written since the file was configured.</param>
/// <param name="Lost">Lines that were lost, because the disk was too slow or did not take them.</param>
public sealed record AccessLogStatistics(string File, long Written, long Lost);

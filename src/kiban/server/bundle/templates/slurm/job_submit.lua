-- A job in the partition @{partition} says how much power it draws: -L @{licence}:KW. Written by `kiban bundle`.
-- A job that does not would run outside of every limit. Accelerators of this plan: @{accelerator_kw} kW each.

local LICENCE = "@{licence}"
local PARTITION = "@{partition}"

local function is_flexible(partitions)
   for name in string.gmatch(partitions or "", "[^,]+") do
      if name == PARTITION then
         return true
      end
   end
   return false
end

local function has_power(licences)
   return licences ~= nil and string.find("," .. licences, "[,;]" .. LICENCE .. ":[1-9]") ~= nil
end

local function refuse()
   slurm.log_user("partition " .. PARTITION .. ": say how much power the job draws, -L " .. LICENCE .. ":KW")
   return slurm.ERROR
end

function slurm_job_submit(job, partitions, user)
   if is_flexible(job.partition) and not has_power(job.licenses) then
      return refuse()
   end
   return slurm.SUCCESS
end

function slurm_job_modify(job, record, partitions, user)
   local partition = job.partition or record.partition
   local licences = job.licenses or record.licenses
   if is_flexible(partition) and (job.partition ~= nil or job.licenses ~= nil) and not has_power(licences) then
      return refuse()
   end
   return slurm.SUCCESS
end

slurm.log_info("kiban: flexible jobs are asked for their power")
return slurm.SUCCESS
